//! Blocks of contact data below a closing formula. Nothing is cut without a formula above it: an address that the author
//! wants something delivered to has none. In doubt everything stays.

use super::closing::is_formula;
use super::prose::is_sentence;
use super::spelling::plain;

/// Written lines of the longest block.
const MOST_LINES: usize = 15;
/// Lines that must be contact data for certain.
const FEWEST_CERTAIN: usize = 2;
/// Octets of the longest line that is looked at.
const LONGEST: usize = 1_000;
/// Digits of a telephone number (ITU-T E.164 has 15 at most; two may stand in brackets).
const NUMBER_DIGITS: std::ops::RangeInclusive<usize> = 6..=17;

/// What stands before a telephone number, in plain spelling.
const TELEPHONE: &str = "t|tel|telephone|telefon|telefono|telefone|telefoon|telefonszam|puhelin|puh|phone|ph|p|office|direct|main|\
     switchboard|m|mob|mobile|mobil|mobiel|mobitel|mobiltel|mobiltelefon|movil|cell|cellulare|cell phone|cel|celular|\
     telemovel|tlf|tfn|tlm|gsm|handy|kom|komorka|f|fax|telefax|faks|faxnummer|fon|durchwahl|zentrale|c|w|o|d|\
     telefonnummer|hotline|whatsapp|тел|телефон|моб|факс|τηλ|κιν|φαξ|電話";
/// The same where nothing parts it from the number.
const TELEPHONE_UNSPACED: [&str; 9] = ["tel", "fax", "電話", "电话", "手机", "传真", "携帯", "전화", "휴대"];
/// What stands before an address of mail or of the web.
const ADDRESS: &str =
    "e|email|e-mail|mail|mailto|courriel|correo|web|website|site|url|w|internet|homepage|skype|эл. почта|почта|邮箱";
/// Registers of companies and of taxes. A number must stand in the same line.
const REGISTERS: &str = "vat|ust-id|ustid|ust.-id|steuernummer|hrb |hra |amtsgericht|handelsregister|siret|siren |rcs |tva|p.iva|p. iva|\
     partita iva|c.f.|cif|nif|cnpj|kvk|btw|nip|regon|ico|dic|oib|adoszam|инн|company no|registered in";

/// What announces an address, and what is announced, in plain spelling: the block below is what the mail is about.
const ANNOUNCES: &str = "below|following|unten|folgend|ci-dessous|suivant|siguiente|abajo|seguente|sotto|abaixo|seguinte|hieronder|volgende|\
    ponizej|nize|alabb|mai jos|ispod|spodaj|по-долу|ниже|нижче|παρακατω|asagida|nedan|nedenfor|new address|neue adresse|下記|以下|如下|아래";
const ANNOUNCED: &str = "addres|adres|direcc|indirizz|enderec|morad|naslov|cim|адрес|διευθυνση|osoite|住所|地址|주소|number|phone|numm|contact|telefon|kontakt|номер|телефон";

/// Where the block of contact data at the end of these lines begins: below the formula and the name, which stay.
pub(super) fn block(lines: &[&str]) -> Option<usize> {
    let (mut written, mut certain, mut top) = (0, 0, None);
    for (at, line) in lines.iter().enumerate().rev() {
        if line.trim().is_empty() {
            continue;
        }
        if certain >= FEWEST_CERTAIN && is_formula(line) {
            let mut above = lines[..at].iter().rev().map(|line| line.trim()).filter(|line| !line.is_empty()).take(3);
            if above.clone().next().is_some_and(|line| line.ends_with(':')) || above.any(announces) {
                return None;
            }
            let is_name = |line: &str| !is_contact(line) && line.contains(char::is_alphanumeric);
            let name = top.filter(|name| is_name(lines[*name]));
            return match name {
                Some(name) => (name + 1..lines.len()).find(|at| !lines[*at].trim().is_empty()),
                None => top,
            };
        }
        written += 1;
        if written > MOST_LINES + 1 || line.len() > LONGEST || is_sentence(line) {
            return None;
        }
        certain += certain_data(line);
        top = Some(at);
    }
    None
}

fn announces(line: &str) -> bool {
    let spelled = plain(&line[..line.floor_char_boundary(LONGEST)]);
    let says = |table: &str| table.split('|').any(|word| spelled.contains(word));
    says(ANNOUNCES) && says(ANNOUNCED)
}

/// Whether the line is contact data for certain: a telephone number, an address, a place in a register.
pub(super) fn is_contact(line: &str) -> bool {
    certain_data(line) > 0
}

/// How many such data the line has: between bars there may be several, and one that is certain speaks for the line.
fn certain_data(line: &str) -> usize {
    // Most lines are told from contact data by what they have not.
    let may_be = line.bytes().any(|octet| octet.is_ascii_digit() || octet == b'@') || line.contains("www") || line.contains('.');
    if line.len() > LONGEST || !may_be {
        return 0;
    }
    let spelled = plain(line);
    let bare =
        |piece: &str| piece.trim_start_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '+' | '(' | '<' | '[')).to_owned();
    let pieces = spelled.split(['|', '·', '•', '/', ';', ',']).map(str::trim).filter(|piece| !piece.is_empty()).map(bare);
    let several = pieces.filter(|piece| is_telephone(piece) || is_address(piece)).count();
    let whole = is_register(&spelled) || is_address(&spelled) || is_telephone(&spelled);
    several.max(usize::from(whole))
}

fn is_register(spelled: &str) -> bool {
    spelled.bytes().filter(u8::is_ascii_digit).count() >= 5
        && REGISTERS.split('|').any(|name| spelled.starts_with(name) || (name.len() > 6 && spelled.contains(name)))
}

fn is_in(table: &str, word: &str) -> bool {
    table.split('|').any(|known| known == word)
}

/// `+49 40 1234567`, `Tel.: 040 / 1234567`, `M (040) 123 45 67 ext. 8`.
fn is_telephone(piece: &str) -> bool {
    let Some(start) = piece.find(|c: char| c.is_ascii_digit() || matches!(c, '+' | '(')) else { return false };
    let (label, number) = piece.split_at(start);
    let label = label.trim_matches(|c: char| !c.is_alphanumeric());
    let end = number
        .find(|c: char| !(c.is_ascii_digit() || matches!(c, '+' | '(' | ')' | ' ' | '-' | '.' | '/')))
        .unwrap_or(number.len());
    let digits = number[..end].bytes().filter(u8::is_ascii_digit).count();
    if !NUMBER_DIGITS.contains(&digits) || number[end..].chars().count() > 20 {
        return false;
    }
    let labelled = is_in(TELEPHONE, label)
        || label.split(['.', ' ', ':']).next().is_some_and(|first| is_in(TELEPHONE, first) && label.len() <= 24);
    let unspaced = TELEPHONE_UNSPACED.iter().any(|name| label.starts_with(name) && label.chars().count() <= 10);
    let parts = number[..end].split(['-', '.', ' ', '/']).filter(|part| !part.is_empty()).count();
    let is_grouped = (3..=6).contains(&parts) && (9..=13).contains(&digits) && end == number.len();
    labelled
        || unspaced
        || (label.is_empty() && is_grouped)
        || (label.is_empty() && number.starts_with('+') && digits >= 8)
        || (label.is_empty() && number.starts_with(['0', '(']) && digits >= 8 && end == number.len())
}

/// An address of mail or of the web, alone or behind its label.
fn is_address(piece: &str) -> bool {
    if !piece.contains('.') {
        return false;
    }
    let mut words = piece
        .split_whitespace()
        .map(|word| word.trim_matches(|c: char| matches!(c, '<' | '>' | '(' | ')' | '[' | ']' | ',' | ':' | '.' | '"' | ';')))
        .filter(|word| !word.is_empty());
    let label = |word: &str| is_in(ADDRESS, word) || is_in(TELEPHONE, word);
    let Some(first) = words.next() else { return false };
    let rest: Vec<&str> = words.take(4).collect();
    let own = |word: &str| {
        is_address_word(word) || word.split_once(':').is_some_and(|(name, word)| label(name) && is_address_word(word))
    };
    // `mia@customer.example <mailto:mia@customer.example>`
    (own(first) || (label(first) && !rest.is_empty())) && rest.len() <= 3 && rest.iter().all(|word| own(word))
}

fn is_address_word(word: &str) -> bool {
    let word = word.strip_prefix("mailto:").unwrap_or(word);
    if word.starts_with("http://") || word.starts_with("https://") || word.starts_with("www.") {
        return word.len() > 8;
    }
    let name = word.split_once('<').map_or(word, |(word, _)| word);
    let host = name.split_once('@').map_or(name, |(_, host)| host);
    let named = name.contains('@') || name.bytes().filter(|octet| *octet == b'.').count() == 1;
    let end = host.rsplit_once('.').map(|(_, end)| end);
    named && host.len() >= 5 && end.is_some_and(|end| (2..=10).contains(&end.len()) && end.chars().all(char::is_alphabetic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contact_data_is_told_from_what_people_write() {
        for line in [
            "Tel.: +49 40 1234567",
            "T +49 40 123 45 67 | M +49 170 1234567",
            "Phone: (555) 010-1234 ext. 12",
            "+1 555 010 1234",
            "Fax 040 / 123 45-67",
            "mia@customer.example",
            "E-Mail: mia@customer.example",
            "mia@customer.example<mailto:mia@customer.example>",
            "www.customer.example",
            "https://customer.example/kettles",
            "Web: customer.example",
            "USt-IdNr.: DE123456789",
            "Тел.: +7 495 123-45-67",
            "TEL: 03-1234-5678",
            "電話：03-1234-5678",
            "Mobil: 0170 1234567",
            "📞 +385 1 2345 678",
            "Mob. 091 234 5678",
            "IČO: 12345678",
            "555-010-1234",
            "电话：010-12345678",
        ] {
            assert!(is_contact(line), "{line}");
        }
        for line in [
            "Mia Berg",
            "Harbour Street 1",
            "20095 Hamburg",
            "Order 4711",
            "my number is 040 1234567",
            "Head of Sales",
            "12.11.2026",
            "10:30 - 11:00",
            "Serial number 123456789012",
            "I wrote to mia@customer.example",
        ] {
            assert!(!is_contact(line), "{line}");
        }
    }

    #[test]
    fn a_block_begins_below_the_name_and_only_below_a_formula() {
        let letter = "the lid is broken.\n\nKind regards\n\nMia Berg\nHead of Sales\nTel. +49 40 1234567\nmia@customer.example";
        let lines: Vec<&str> = letter.split('\n').collect();
        assert_eq!(block(&lines), Some(5));
        assert_eq!(
            block(&["Please deliver to:", "Mia Berg", "Harbour Street 1", "Tel. 040 1234567", "mia@customer.example"]),
            None
        );
        let order = [
            "Please send it to the address below.",
            "",
            "Thank you",
            "Mia Berg",
            "Harbour Street 1",
            "Tel. 040 1234567",
            "mia@customer.example",
        ];
        assert_eq!(block(&order), None);
        assert_eq!(block(&["Thanks", "Mia", "T +49 40 1234567 | mia@customer.example"]), Some(2));
        assert_eq!(block(&["Thanks", "Mia", "Tel. 040 1234567", "mia@customer.example", "Please call before you come."]), None);
    }
}
