//! What has happened, by what a server says: its status code, else its words, else its reply code.

use crate::model::mail::StatusCode;

/// Octets of words that are looked at.
const MOST: usize = 2 * 1024;

/// What words say, in lower case, and subject and detail of the status code (RFC 3463) that says the same. The first row that fits counts:
/// what is certain about the mailbox stands above what is certain about the server, and that above all that sounds like a rule.
const MEANINGS: &[(u16, u16, &[&str])] = &[
    (
        2,
        2,
        &[
            "mailbox full",
            "mailbox is full",
            "mailbox has exceeded",
            "quota",
            "inbox is full",
            "inbox full",
            "out of storage",
            "no space left",
            "storage limit",
            "mailbox size limit",
            "insufficient disk space",
            "mailfolder is full",
            "user is overquota",
            "maildir delivery failed",
            "too much mail data",
            "postfach voll",
            "postfach ist voll",
            "speicherplatz",
            "boîte pleine",
            "boîte aux lettres pleine",
            "boîte de réception est pleine",
            "buzón lleno",
            "buzón está lleno",
            "bandeja de entrada está llena",
            "casella piena",
            "casella di posta piena",
            "caixa de correio cheia",
            "caixa cheia",
            "postvak is vol",
            "postvak vol",
            "skrzynka pełna",
            "przepełnion",
            "schránka je plná",
            "postafiók megtelt",
            "ящик переполнен",
            "ящик заполнен",
            "kutusu dolu",
            "邮箱已满",
            "邮箱空间不足",
            "信箱已满",
            "容量不足",
            "メールボックスがいっぱい",
            "메일함 용량",
            "용량 초과",
        ],
    ),
    (
        2,
        1,
        &[
            "mailbox disabled",
            "account disabled",
            "account has been disabled",
            "account is disabled",
            "mailbox is disabled",
            "account inactive",
            "mailbox is inactive",
            "inactive user",
            "user is inactive",
            "account that you tried to reach is disabled",
            "account suspended",
            "no longer accepts",
            "not accepting m",
            "account has been suspended",
            "mailbox unavailable or access denied",
            "postfach deaktiviert",
            "compte désactivé",
            "cuenta deshabilitada",
            "account disabilitato",
            "ящик отключ",
            "ящик заблокирован",
        ],
    ),
    (
        3,
        4,
        &[
            "message too large",
            "message is too large",
            "message too big",
            "message size exceeds",
            "exceeds size limit",
            "exceeds the maximum size",
            "maximum message size",
            "message exceeds",
            "message file too big",
            "size limit exceeded",
            "too large to send",
            "nachricht zu groß",
            "nachricht ist zu groß",
            "message trop volumineux",
            "mensaje demasiado grande",
            "messaggio troppo grande",
            "превышает",
            "邮件太大",
            "邮件过大",
        ],
    ),
    (
        1,
        1,
        &[
            "user unknown",
            "unknown user",
            "no longer valid",
            "no longer exists",
            "no longer in use",
            "is not a known user",
            "no such user",
            "no such recipient",
            "no such mailbox",
            "no mailbox here",
            "no such address",
            "unknown recipient",
            "recipient unknown",
            "user not found",
            "recipient not found",
            "address not found",
            "address couldn't be found",
            "email account that you tried to reach does not exist",
            "account does not exist",
            "mailbox does not exist",
            "user doesn't exist",
            "user does not exist",
            "mailbox not found",
            "mailbox unavailable",
            "invalid recipient",
            "invalid mailbox",
            "unknown address",
            "address unknown",
            "unknown local",
            "unrouteable address",
            "not listed in domino directory",
            "not listed in public name",
            "recipnotfound",
            "wasn't found at",
            "not found at",
            "does not like recipient",
            "recipient address rejected",
            "doesn't have a",
            "not our customer",
            "no valid recipients",
            "unbekannter empfänger",
            "empfänger unbekannt",
            "unbekannter benutzer",
            "benutzer unbekannt",
            "adresse nicht gefunden",
            "adresse wurde nicht gefunden",
            "adresse unbekannt",
            "existiert nicht",
            "utilisateur inconnu",
            "destinataire inconnu",
            "adresse introuvable",
            "adresse inconnue",
            "adresse est introuvable",
            "n'existe pas",
            "usuario desconocido",
            "dirección no encontrada",
            "no se encontró",
            "no existe",
            "no se ha encontrado la dirección",
            "utente sconosciuto",
            "indirizzo non trovato",
            "indirizzo non è stato trovato",
            "non esiste",
            "usuário desconhecido",
            "endereço não encontrado",
            "endereço não foi encontrado",
            "não existe",
            "onbekende gebruiker",
            "adres niet gevonden",
            "adres niet kan worden gevonden",
            "bestaat niet",
            "nieznany użytkownik",
            "nie znaleziono adresu",
            "nie istnieje",
            "neexistuje",
            "adresa nebyla nalezena",
            "nem létezik",
            "nu există",
            "ne postoji",
            "не существует",
            "не найден",
            "пользователь неизвестен",
            "не існує",
            "bulunamadı",
            "用户不存在",
            "收件人不存在",
            "找不到该地址",
            "不存在",
            "宛先不明",
            "アドレスが見つかりません",
            "존재하지 않",
        ],
    ),
    (
        1,
        2,
        &[
            "host unknown",
            "unknown host",
            "host not found",
            "domain not found",
            "unknown domain",
            "unrouteable mail domain",
            "no such domain",
            "name service error",
            "host or domain name not found",
            "domain does not exist",
            "nxdomain",
            "couldn't find any host",
            "no mx or a records",
            "all relevant mx records point to non-existent hosts",
            "domain name not found",
            "invalid domain",
            "bad destination host",
            "domäne nicht gefunden",
            "domaine introuvable",
            "dominio no encontrado",
            "dominio non trovato",
            "域名不存在",
            "домен не найден",
        ],
    ),
    (
        4,
        7,
        &[
            "message expired",
            "retry timeout exceeded",
            "retry time not reached",
            "delivery time expired",
            "queue too long",
            "been in the queue too long",
            "exceeded max time",
            "unable to deliver message for",
            "message timed out",
            "time out of queue",
        ],
    ),
    (
        4,
        1,
        &[
            "timed out",
            "timeout",
            "connection refused",
            "no answer from host",
            "network is unreachable",
            "no route to host",
            "unable to connect",
            "couldn't connect",
            "could not connect",
            "i wasn't able to establish an smtp connection",
            "temporarily unavailable",
            "not responding",
            "zeitüberschreitung",
            "délai d'attente",
            "tiempo de espera",
            "超时",
        ],
    ),
    (4, 6, &["too many hops", "mail loop", "mail loops back", "loop detected", "hop count exceeded"]),
    (
        7,
        1,
        &[
            "spam",
            "blocked",
            "blacklist",
            "blocklist",
            "black list",
            "block list",
            "policy",
            "not authorized",
            "not permitted",
            "relay",
            "access denied",
            "denied",
            "reputation",
            "dmarc",
            "virus",
            "refused by",
            "rejected",
            "prohibited",
            "blockiert",
            "abgelehnt",
            "rejeté",
            "rechazado",
            "rifiutato",
            "rejeitado",
            "geweigerd",
            "odrzucon",
            "отклонен",
            "спам",
            "拒绝",
            "垃圾",
            "迷惑メール",
            "차단",
            "스팸",
        ],
    ),
];

/// The code that a text gives itself, or that can be concluded from it; the second value says which. A mail that is only late has class 4.
pub(in crate::decide::parse) fn status(said: &str, is_late: bool) -> Option<(StatusCode, bool)> {
    if let Some(code) = enhanced(said) {
        return Some((code, false));
    }
    let reply = reply(said);
    let class = if is_late || reply.is_some_and(|reply| reply.starts_with('4')) { 4 } else { 5 };
    if let Some((subject, detail)) = meaning(said) {
        let waits = matches!((subject, detail), (4, 1 | 7)) && reply.is_none();
        return Some((StatusCode(if waits { 4 } else { class }, subject, detail), true));
    }
    let (subject, detail) = match reply? {
        "552" => (2, 2),
        "551" => (1, 6),
        "553" => (1, 3),
        _ => (0, 0),
    };
    Some((StatusCode(class, subject, detail), true))
}

/// Whether a text has any code of a failure or delay.
pub(super) fn has_code(said: &str) -> bool {
    enhanced(said).is_some() || reply(said).is_some()
}

/// The first enhanced status code of a failure or delay in a text: `5.1.1`, `#5.2.2`, `550-5.7.1`. The subjects are those of RFC 3463, so
/// that dates and versions are none.
pub(in crate::decide::parse) fn enhanced(text: &str) -> Option<StatusCode> {
    words(text).filter_map(StatusCode::parse).find(|code| matches!(code, StatusCode(4 | 5, 0..=7, _)))
}

/// The first reply code of SMTP for a failure or delay (RFC 5321 section 4.2).
fn reply(text: &str) -> Option<&str> {
    words(text).find(|word| word.len() == 3 && matches!(word.as_bytes(), [b'4' | b'5', b'0'..=b'5', b'0'..=b'9']))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_digit() || c == '.')).map(|word| word.trim_matches('.')).filter(|word| !word.is_empty())
}

/// The line whose words tell what has happened.
pub(super) fn telling_line(said: &str) -> Option<&str> {
    let (_, words) = find_meaning(said)?;
    said.lines().find(|line| lower(line).contains(words))
}

fn meaning(said: &str) -> Option<(u16, u16)> {
    find_meaning(said).map(|(meaning, _)| meaning)
}

fn find_meaning(said: &str) -> Option<((u16, u16), &'static str)> {
    let said = lower(said);
    let found = |(subject, detail, words): &(u16, u16, &'static [&'static str])| {
        words.iter().find(|words| said.contains(**words)).map(|words| ((*subject, *detail), *words))
    };
    MEANINGS.iter().find_map(found)
}

fn lower(said: &str) -> String {
    said[..said.floor_char_boundary(MOST)].to_lowercase().replace('\u{2019}', "'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_and_else_concluded() {
        for (said, expected) in [
            ("host mx said: 550 5.1.1 no such user", (StatusCode(5, 1, 1), false)),
            ("#5.2.2 smtp;552", (StatusCode(5, 2, 2), false)),
            ("since 5.11.26, from 192.0.2.5: 550 user unknown", (StatusCode(5, 1, 1), true)),
            ("452 mailbox full", (StatusCode(4, 2, 2), true)),
            ("552 sorry", (StatusCode(5, 2, 2), true)),
            ("554 delivery error", (StatusCode(5, 0, 0), true)),
            ("Der Empfänger existiert nicht", (StatusCode(5, 1, 1), true)),
            ("Host unknown (Name server: host not found)", (StatusCode(5, 1, 2), true)),
            ("connect to mx: Connection timed out", (StatusCode(4, 4, 1), true)),
            ("550 message blocked as spam", (StatusCode(5, 7, 1), true)),
        ] {
            assert_eq!(status(said, false), Some(expected), "{said}");
        }
        assert_eq!(status("mailbox full", true), Some((StatusCode(4, 2, 2), true)));
        assert_eq!(status("it did not work", false), None);
    }
}
