//! The formulas that end a letter, one row for each language. They are the author's words and stay; what they tell is that
//! names and contact data come below.

use std::sync::LazyLock;

use super::spelling::{Phrases, from_each_word, plain};

/// Characters of the longest line that is taken for a formula: `Thank you in advance and kind regards from Hamburg,`.
const LONGEST: usize = 64;

/// Language, formulas in plain spelling, and a line that a person wrote.
const FORMULAS: &[(&str, &str, &str)] = &[
    (
        "en",
        "best regards|kind regards|warm regards|kindest regards|with regards|with kind regards|regards|best wishes|\
         many thanks|thanks|thank you|thanks in advance|thx|cheers|yours sincerely|yours faithfully|yours truly|\
         sincerely|respectfully|all the best|best|rgds|br|kr|have a nice day|have a great day|take care",
        "Kind regards,",
    ),
    (
        "de",
        "mit freundlichen grussen|mit freundlichen gruessen|freundliche grusse|freundliche gruesse|mit besten grussen|\
         mit besten gruessen|beste grusse|beste gruesse|viele grusse|viele gruesse|liebe grusse|liebe gruesse|\
         schone grusse|schoene gruesse|herzliche grusse|herzliche gruesse|mit freundlichem gruss|freundlicher gruss|\
         gruss|grusse|gruesse|mfg|lg|vg|hochachtungsvoll|danke|vielen dank|besten dank|danke im voraus|herzlichst|\
         mit lieben grussen|mit herzlichen grussen",
        "Mit freundlichen Grüßen",
    ),
    (
        "fr",
        "cordialement|bien cordialement|tres cordialement|bien a vous|salutations|salutations distinguees|\
         sinceres salutations|meilleures salutations|respectueusement|amicalement|cdt|cdlt|bonne journee|\
         bonne reception|merci|merci d'avance|je vous prie d'agreer|veuillez agreer|avec mes remerciements",
        "Bien cordialement,",
    ),
    (
        "es",
        "un saludo|saludos|saludos cordiales|un cordial saludo|cordialmente|atentamente|muchas gracias|gracias|atte|\
         un abrazo|reciba un cordial saludo",
        "Un cordial saludo,",
    ),
    (
        "it",
        "cordiali saluti|distinti saluti|un cordiale saluto|saluti|cordialmente|grazie|grazie mille|buona giornata|\
         a presto|in attesa di riscontro",
        "Cordiali saluti",
    ),
    (
        "pt",
        "atenciosamente|com os melhores cumprimentos|melhores cumprimentos|cumprimentos|cordialmente|obrigado|obrigada|\
         muito obrigado|muito obrigada|att|abracos|com os meus cumprimentos|atentamente",
        "Com os melhores cumprimentos,",
    ),
    (
        "nl",
        "met vriendelijke groet|met vriendelijke groeten|vriendelijke groet|vriendelijke groeten|groeten|groet|\
         hartelijke groet|mvg|met groet|hoogachtend|bedankt|alvast bedankt",
        "Met vriendelijke groet,",
    ),
    (
        "pl",
        "z powazaniem|pozdrawiam|pozdrowienia|z wyrazami szacunku|serdecznie pozdrawiam|dziekuje|z gory dziekuje|\
         lacze pozdrowienia|pozdr",
        "Z poważaniem",
    ),
    (
        "cs",
        "s pozdravem|s pratelskym pozdravem|s uctou|hezky den|preji hezky den|dekuji|predem dekuji|zdravim|\
         s prateskym pozdravem",
        "S pozdravem",
    ),
    ("sk", "s pozdravom|s uctou|s priatelskym pozdravom|pekny den|dakujem|vopred dakujem|s uctivym pozdravom", "S pozdravom,"),
    (
        "hu",
        "udvozlettel|tisztelettel|szivelyes udvozlettel|udv|koszonettel|koszonom|elore is koszonom|baratsaggal",
        "Üdvözlettel:",
    ),
    ("ro", "cu stima|cu respect|o zi buna|o zi frumoasa|numai bine|multumesc|va multumesc|cu consideratie|salutari", "Cu stimă,"),
    (
        "hr",
        "srdacan pozdrav|lijep pozdrav|s postovanjem|pozdrav|lp|hvala|puno hvala|unaprijed hvala|srdacno|\
         lijepi pozdravi",
        "Srdačan pozdrav,",
    ),
    ("sr", "srdacan pozdrav|s postovanjem|sa postovanjem|pozdrav|hvala|unapred hvala|lep pozdrav", "S poštovanjem,"),
    ("sr-Cyrl", "срдачан поздрав|с поштовањем|са поштовањем|поздрав|хвала|унапред хвала|леп поздрав", "С поштовањем,"),
    (
        "sl",
        "lep pozdrav|s spostovanjem|lp|hvala|prisrcen pozdrav|z lepimi pozdravi|hvala in lep pozdrav|vse dobro",
        "Lep pozdrav,",
    ),
    (
        "bg",
        "поздрави|с уважение|благодаря|с най-добри пожелания|хубав ден|сърдечни поздрави|предварително благодаря",
        "С уважение,",
    ),
    (
        "ru",
        "с уважением|с наилучшими пожеланиями|спасибо|заранее спасибо|всего доброго|с благодарностью|хорошего дня|\
         искренне ваш",
        "С уважением,",
    ),
    ("uk", "з повагою|з найкращими побажаннями|дякую|щиро дякую|наперед дякую|гарного дня|всього найкращого", "З повагою,"),
    (
        "el",
        "με εκτιμηση|με φιλικουσ χαιρετισμουσ|χαιρετισμουσ|ευχαριστω|ευχαριστω πολυ|φιλικα|μετα τιμησ|\
         ευχαριστω εκ των προτερων",
        "Με εκτίμηση,",
    ),
    (
        "tr",
        "saygilarimla|saygilarimizla|iyi calismalar|sevgiler|selamlar|tesekkurler|tesekkur ederim|iyi gunler|\
         kolay gelsin",
        "Saygılarımla,",
    ),
    (
        "sv",
        "med vanliga halsningar|med vanlig halsning|vanliga halsningar|vanligen|halsningar|mvh|tack|tack pa forhand|\
         basta halsningar|hogaktningsfullt",
        "Med vänliga hälsningar",
    ),
    (
        "da",
        "med venlig hilsen|venlig hilsen|de bedste hilsner|mvh|hilsen|tak|mange tak|pa forhand tak|kh|vh|bedste hilsner",
        "Med venlig hilsen",
    ),
    (
        "no",
        "med vennlig hilsen|vennlig hilsen|beste hilsen|hilsen|mvh|takk|pa forhand takk|ha en fin dag|med hilsen",
        "Med vennlig hilsen",
    ),
    (
        "fi",
        "ystavallisin terveisin|parhain terveisin|terveisin|kiitos|kiittaen|kunnioittaen|ystavallisesti|\
         kiitos etukateen",
        "Ystävällisin terveisin",
    ),
    (
        "ja",
        "よろしくお願いいたします|よろしくお願いします|宜しくお願い致します|宜しくお願いいたします|よろしくお願い致します|以上|敬具|どうぞよろしくお願いいたします|何卒よろしくお願いいたします|何卒宜しくお願い致します",
        "よろしくお願いいたします。",
    ),
    ("zh", "此致|敬礼|祝好|谢谢|顺颂商祺|此致敬礼|商祺|謝謝|敬祝商祺|祝商祺|顺祝商祺|順頌商祺|敬上", "顺颂商祺！"),
    ("ko", "감사합니다|감사드립니다|수고하세요|드림|안녕히 계세요|고맙습니다|좋은 하루 되세요", "감사합니다."),
];

static PHRASES: LazyLock<Phrases<()>> = LazyLock::new(|| Phrases::of(FORMULAS.iter().map(|(_, formulas, _)| (*formulas, ()))));

/// Words that may stand before or behind a formula of several words, and behind one of a single word: a name.
const AROUND: usize = 5;
const BEHIND: usize = 2;

/// Whether the line ends a letter: a formula, alone or with a few words of it before or behind (`Best regards from Hamburg,`).
pub(super) fn is_formula(line: &str) -> bool {
    if line.len() > 4 * LONGEST || line.chars().count() > LONGEST || line.trim_end().ends_with('?') {
        return false;
    }
    let spelled = plain(line);
    let bare = spelled.trim_matches(|c: char| !c.is_alphanumeric());
    from_each_word(bare).take(AROUND + 1).any(|rest| {
        let is_first = rest.len() == bare.len();
        PHRASES.at_start(rest).any(|(formula, ())| {
            let is_long = formula.contains(' ') || !formula.is_ascii();
            let behind = &rest[formula.len()..];
            let before = &bare[..bare.len() - rest.len()];
            // `Thank you, I will call you. The kettle` is a sentence, and `thanks Ana` is none.
            (is_first || is_long)
                && !behind.starts_with(char::is_alphanumeric)
                && behind.split_whitespace().count() <= if is_long { AROUND } else { BEHIND }
                && !behind.contains(['.', '@'])
                && !before.contains(['.', '!', '?', ':'])
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_spelled_plainly_and_its_example_is_a_formula() {
        for (language, formulas, example) in FORMULAS {
            assert!(is_formula(example), "{language}: {example}");
            for formula in formulas.split('|') {
                assert_eq!(plain(formula), formula, "{language}");
                assert!(is_formula(formula), "{language}: {formula}");
            }
        }
    }

    #[test]
    fn a_sentence_with_the_words_of_a_formula_is_none() {
        for line in [
            "Thank you, I will call your colleague tomorrow about the kettle",
            "Best is what I hope for, but the kettle leaks.",
            "Danke, dass Sie sich so schnell gemeldet haben",
            "Thanks?",
            "",
        ] {
            assert!(!is_formula(line), "{line}");
        }
        assert!(is_formula("Thanks and best regards from Hamburg"));
        assert!(is_formula("Best, Ana"));
    }
}
