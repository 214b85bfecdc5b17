//! What companies have put below every mail of theirs: that it is confidential, whose it is, what to do with it. Only where it is
//! certain: a paragraph that begins like one and has another sign of one, or has three signs.

use std::sync::LazyLock;

use super::contact::is_contact;
use super::spelling::{Phrases, from_each_word, plain};

/// Paragraphs that are looked at from the end on, and the octets and lines of the longest.
const MOST_PARAGRAPHS: usize = 4;
const LONGEST: usize = 6_000;
const MOST_LINES: usize = 60;
/// A paragraph without a known beginning must have so many signs.
const ENOUGH_SIGNS: usize = 3;

/// How such paragraphs begin, in plain spelling.
const BEGINNINGS: &str = "this e-mail|this email|this message|this communication|this transmission|the information contained in|\
     the information in this|the contents of this|the content of this|if you are not the intended|\
     if you have received this|confidentiality|confidential|disclaimer|notice:|important notice|legal notice|\
     privileged|privacy notice|the contents of the|diese e-mail|diese email|diese mail|diese nachricht|dieses e-mail|\
     der inhalt dieser|die information|vertraulich|wichtiger hinweis|hinweis:|haftungsausschluss|sollten sie nicht|\
     wenn sie nicht der|ce message|ce courriel|ce mail|cet e-mail|cet email|les informations contenues|\
     le present message|avis de confidentialite|confidentialite|l'information contenue|ce courrier|este mensaje|\
     este correo|este e-mail|este email|la informacion contenida|aviso legal|aviso de confidencialidad|advertencia|\
     confidencialidad|clausula de confidencialidad|questo messaggio|questa e-mail|questa email|\
     le informazioni contenute|il presente messaggio|la presente e-mail|avvertenza|ai sensi|il contenuto di questa|\
     esta mensagem|a informacao contida|as informacoes contidas|o conteudo desta|aviso de|este mensagem|dit bericht|\
     deze e-mail|deze email|de informatie in|de inhoud van|de informatie verzonden|ta wiadomosc|niniejsza wiadomosc|\
     wiadomosc ta|tresc tej wiadomosci|informacje zawarte|tato zprava|tento e-mail|tento email|informace obsazene|\
     tato e-mailova|obsah teto|tato sprava|informacie obsiahnute|obsah tejto|ez az uzenet|ez az e-mail|a jelen|\
     az uzenet|jelen e-mail|jelen uzenet|acest mesaj|acest e-mail|acest email|informatiile continute|ova poruka|\
     ova elektronicka|ovaj e-mail|sadrzaj ove|ovo e-sporocilo|to sporocilo|vsebina tega|ово|ова порука|\
     detta meddelande|detta e-post|denne e-mail|denne meddelelse|denne e-posten|tama viesti|tama sahkoposti|\
     настоящее сообщение|данное сообщение|это сообщение|това съобщение|настоящото съобщение|информацията в този|\
     цей лист|це повідомлення";

/// Kinds of signs, each with its words in plain spelling.
const SIGNS: &[&str] = &[
    // Secret.
    "confidential|privileged|vertraulich|confidentiel|confidencial|riservat|confidenzial|vertrouwelijk|poufn|duvern|\
     bizalmas|povjerljiv|poverljiv|zaupn|конфиденц|поверителн|конфіденц|поверљив|εμπιστευτικ|gizli|konfidentiell|\
     fortrolig|konfidensiel|luottamuksel|機密|保密|기밀|sekretess|legally protected|rechtlich geschutzt",
    // For somebody.
    "intended recipient|intended solely|intended only|intended for|addressee|named recipient|for the use of|\
     bestimmt fur|bestimmungsgemass|der richtige adressat|beabsichtigte empfanger|vorgesehene empfanger|adressat|\
     destinataire|destinatario|destinatari|geadresseerde|bestemd voor|bestemd is|adresat|adresatem|prijemce|prijemcom|\
     adresatovi|cimzett|destinatar|primatelj|primaoc|namenjen|namijenjen|naslovnik|адресат|получател|прималац|αποδεκτη|\
     παραληπτη|alici|mottagare|modtager|adressaten|mottaker|vastaanottaj|受信者|宛先|收件人|수신",
    // Came to the wrong one.
    "in error|by mistake|received this|irrtumlich|fehler erhalten|versehentlich|par erreur|por error|per errore|\
     por engano|por erro|abusivamente|ten onrechte|per abuis|omylkowo|bledem|pomylk|omylem|tevedes|din eroare|\
     din greseala|greskom|pogresk|pomotoma|по ошибке|по погрешка|помилков|грешком|εκ παραδρομησ|κατα λαθοσ|yanlislikla|\
     av misstag|ved en fejl|ved en feil|ved feil|erehdyksess|vahingossa|誤って|误收|誤收|잘못",
    // Destroy it and tell us.
    "notify the sender|notify us|inform the sender|advise the sender|contact the sender|delete this|delete it|\
     delete the|destroy|vernichten|loschen sie|informieren sie|benachrichtigen sie|detruire|supprimer|avertir|aviser|\
     eliminar|elimine|borrar|notifi|eliminarlo|cancell|distrugg|apague|apagar|verwijder|informeren|usun|powiadom|\
     poinformowanie|smazt|vymaz|vymaz|zmaz|informujte|torolj|ertesits|stergeti|stergerea|anuntati|izbris|obrisi|\
     obavijest|obavest|obvestite|удалит|уничтож|изтри|видал|διαγραψ|siliniz|silmeniz|radera|slet|poista|ilmoita|削除|删除|\
     刪除|삭제",
    // Forbidden.
    "strictly prohibited|prohibited|unauthorised|unauthorized|unerlaubt|unbefugt|nicht gestattet|untersagt|interdit|\
     non autorise|prohibid|no autorizad|vietat|proibit|non autorizzat|nao autorizad|verboden|niet toegestaan|zabronion|\
     niedozwolon|zakazan|neopravnen|tilos|interzis|zabranjen|strogo|prepoved|prepovedan|запрещ|забран|заборон|απαγορευ|\
     yasak|forbjud|otillaten|forbudt|kielletty|禁|금지",
    // No contract, no opinion of the company, no warranty for viruses.
    "opinions expressed|views expressed|do not necessarily|not legally binding|rechtsverbindlich|no liability|liable|\
     liability|virus|malware|haftung|responsabilit|aansprakelijk|odpovednost|odpowiedzialn|ответственност|отговорност|\
     ansvar",
    // Trees, and what is done with personal data.
    "consider the environment|before printing|think before you print|denken sie an die umwelt|bevor sie diese e-mail|\
     pensez a l'environnement|avant d'imprimer|medio ambiente|antes de imprimir|rispetta l'ambiente|prima di stampare|\
     meio ambiente|denk aan het milieu|printen|dbaj o srodowisko|zanim wydrukujesz|zivotni prostredi|2016/679|gdpr|\
     rgpd|dsgvo|rodo",
];
/// How the request not to print begins; it is a line of its own, and certain.
const TREES: &str = "please consider the environment before|consider the environment before|please think before you print|\
     think before you print|bitte denken sie an die umwelt|denken sie an die umwelt|pensez a l'environnement avant|\
     antes de imprimir|prima di stampare|before printing|denk aan het milieu|save a tree|think green|\
     p please consider the environment";

/// Words of somebody who writes himself, in plain spelling.
const FIRST_PERSON: &str = "i am |i'm |i have |i've |i will |i'll |i was |i got |i received |i need |i do |my |ich |mir |mich |mein |meine |\
    j'ai |je suis |je vous |mon |ma |yo |mi |ho ricevuto |ik |mijn |jeg |jag |minun |jestem |jsem |sam |съм |я |мой |мне |мені ";

static STARTS: LazyLock<Phrases<()>> = LazyLock::new(|| Phrases::of([(BEGINNINGS, ())]));
static TREE_STARTS: LazyLock<Phrases<()>> = LazyLock::new(|| Phrases::of([(TREES, ())]));
static WORDS: LazyLock<Phrases<usize>> = LazyLock::new(|| Phrases::of(SIGNS.iter().copied().zip(0..)));
static PERSONS: LazyLock<Phrases<()>> = LazyLock::new(|| Phrases::of([(FIRST_PERSON, ())]));

/// Where the disclaimers at the end of these lines begin.
pub(super) fn begins(lines: &[&str]) -> Option<usize> {
    let (mut end, mut found) = (lines.len(), None);
    for _ in 0..MOST_PARAGRAPHS {
        let Some(last) = lines[..end].iter().rposition(|line| !line.trim().is_empty()) else { break };
        let above = lines[..last].iter().rev().take(MOST_LINES).position(|line| line.trim().is_empty());
        let start = above.map_or(0, |lines_above| last - lines_above);
        match start_within(&lines[start..=last]) {
            Some(offset) => {
                found = Some(start + offset);
                if offset > 0 {
                    break;
                }
            }
            // The register of the company may stand below its disclaimer.
            None if found.is_none() && lines[start..=last].iter().all(|line| is_contact(line)) => {}
            None => break,
        }
        end = start;
    }
    // A heading or a rule above it is its own.
    found.map(|at| with_heading(lines, at))
}

/// The line of a paragraph on which its disclaimer begins.
fn start_within(paragraph: &[&str]) -> Option<usize> {
    let octets: usize = paragraph.iter().map(|line| line.len()).sum();
    if paragraph.len() > MOST_LINES || octets > LONGEST {
        return None;
    }
    let spelled: Vec<String> = paragraph.iter().map(|line| plain(line)).collect();
    if let [line] = &spelled[..] {
        let bare = line.trim_start_matches(|c: char| !c.is_alphanumeric());
        if TREE_STARTS.at_start(bare).next().is_some() && !bare.ends_with('?') {
            return Some(0);
        }
    }
    if is_disclaimer(&spelled.join(" ")) {
        return Some(0);
    }
    // Below a signature without an empty line between: the first line that begins like one.
    let at = (1..spelled.len()).find(|at| begins_so(&spelled[*at]))?;
    is_disclaimer(&spelled[at..].join(" ")).then_some(at)
}

fn begins_so(spelled: &str) -> bool {
    let bare = spelled.trim_start_matches(|c: char| !c.is_alphanumeric());
    STARTS.at_start(bare).next().is_some()
}

fn is_disclaimer(spelled: &str) -> bool {
    if spelled.ends_with('?') {
        return false;
    }
    let (mut kinds, mut is_personal) = ([false; SIGNS.len()], false);
    for rest in from_each_word(spelled) {
        WORDS.at_start(rest).for_each(|(_, kind)| kinds[kind] = true);
        is_personal |= PERSONS.at_start(rest).any(|_| true);
    }
    let signs = kinds.iter().filter(|found| **found).count();
    // That it is secret, or for whom it is, is said by all of them.
    let is_certain = (kinds[0] || kinds[1]) && !is_personal;
    is_certain && (signs >= ENOUGH_SIGNS || (signs >= 2 && begins_so(spelled)))
}

fn with_heading(lines: &[&str], at: usize) -> usize {
    let Some(above) = lines[..at].iter().rposition(|line| !line.trim().is_empty()) else { return at };
    if lines[above].len() > 60 {
        return at;
    }
    let heading = plain(lines[above]);
    let bare = heading.trim_matches(|c: char| !c.is_alphanumeric());
    let is_rule = bare.is_empty() && heading.len() >= 3 && !heading.ends_with(['>', ')']);
    let is_heading = [
        "disclaimer",
        "confidential",
        "confidentiality notice",
        "confidentiality",
        "legal notice",
        "vertraulichkeitshinweis",
        "hinweis",
        "avis de confidentialite",
        "aviso legal",
        "avviso di riservatezza",
        "riservatezza",
        "notice",
        "important notice",
        "klauzula poufnosci",
    ]
    .contains(&bare);
    if is_rule || is_heading { above } else { at }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_tables_are_spelled_plainly() {
        for word in [BEGINNINGS, TREES].iter().chain(SIGNS).flat_map(|table| table.split('|')) {
            assert_eq!(plain(word), word);
        }
    }

    #[test]
    fn disclaimers_of_many_languages_are_recognised() {
        for text in [
            "This e-mail and any attachments are confidential and intended solely for the addressee.",
            "The information contained in this message is confidential. If you are not the intended recipient, please notify the sender.",
            "Please consider the environment before printing this e-mail.",
            "Diese E-Mail enthält vertrauliche Informationen. Wenn Sie nicht der richtige Adressat sind, informieren Sie bitte sofort den Absender und vernichten Sie diese Mail.",
            "Ce message et toutes les pièces jointes sont confidentiels et établis à l'intention exclusive de ses destinataires.",
            "Este mensaje y sus archivos adjuntos son confidenciales y van dirigidos exclusivamente a su destinatario.",
            "Questo messaggio e i suoi allegati sono riservati al destinatario. Se ricevuto per errore, si prega di cancellarlo.",
            "Esta mensagem é confidencial. Se a recebeu por engano, por favor apague-a.",
            "Dit bericht is vertrouwelijk en alleen bestemd voor de geadresseerde.",
            "Niniejsza wiadomość zawiera informacje poufne i jest przeznaczona wyłącznie dla adresata.",
            "Tato zpráva je důvěrná a je určena výhradně adresátovi; pokud jste ji obdrželi omylem, informujte odesílatele.",
            "Ez az üzenet bizalmas, és kizárólag a címzett részére szól.",
            "Acest mesaj este confidențial și se adresează numai destinatarului.",
            "Ova poruka je povjerljiva i namijenjena je samo primatelju.",
            "Detta meddelande är konfidentiellt och avsett för mottagaren.",
            "Denne e-mail er fortrolig og kun til modtageren.",
            "Tämä viesti on luottamuksellinen ja tarkoitettu vain vastaanottajalle.",
            "Настоящее сообщение конфиденциально и предназначено только для адресата.",
            "Това съобщение е поверително и е предназначено само за получателя.",
        ] {
            assert_eq!(begins(&["Hello", "", text]), Some(2), "{text}");
        }
    }

    #[test]
    fn what_a_person_writes_of_secrets_stays() {
        for text in [
            "I received this confidential mail in error, I am not the intended recipient.",
            "Is this message confidential, and who is the intended recipient?",
            "This message is confidential.",
            "This email is about order 4711. Please notify us when it is delivered.",
            "Please delete my account.",
            "Diese Nachricht ist vertraulich, bitte.",
        ] {
            assert_eq!(begins(&["Hello", "", text]), None, "{text}");
        }
    }

    #[test]
    fn the_heading_goes_with_it() {
        let lines = ["Hello", "", "DISCLAIMER", "", "This e-mail is confidential and intended for the addressee."];
        assert_eq!(begins(&lines), Some(2));
    }
}
