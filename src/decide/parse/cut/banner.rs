//! What the receiving side puts above a mail: that it came from outside, that its sender is new.

use super::spelling::plain;

/// Lines and octets of the longest banner.
const MOST_LINES: usize = 8;
const LONGEST: usize = 700;

/// How banners begin, in plain spelling, with an example. The line alone, or the first of a paragraph.
const BANNERS: &[(&str, &str)] = &[
    ("[external]", "[EXTERNAL]"),
    ("[external email]", "[External Email]"),
    ("[external sender]", "[External Sender]"),
    ("[extern]", "[EXTERN]"),
    ("external email", "EXTERNAL EMAIL: do not click links or open attachments unless you know the sender."),
    ("external sender:", "External sender: be careful with links."),
    ("external: this email", "External: This email is from outside."),
    ("warning: this email originated", "WARNING: This email originated outside of Example Ltd."),
    ("warning: external", "Warning: External email"),
    ("caution: this email", "CAUTION: This email originated from outside of the organization. Do not click links."),
    ("caution: this message", "Caution: This message was sent from outside."),
    ("caution: external", "Caution: external email"),
    ("caution - external", "CAUTION – EXTERNAL EMAIL"),
    ("caution:external", "CAUTION:EXTERNAL"),
    ("this email originated from outside", "This email originated from outside of the organisation."),
    ("this message originated from outside", "This message originated from outside your organization"),
    ("this message is from an external sender", "This Message Is From an External Sender"),
    (
        "you don't often get email from ",
        "You don't often get email from mia@customer.example. Learn why this is important<https://aka.ms/LearnAboutSenderIdentification>",
    ),
    (
        "some people who received this message don't often get email from ",
        "Some people who received this message don't often get email from mia@customer.example. Learn why this is important",
    ),
    (
        "sie erhalten nicht haufig e-mails von ",
        "Sie erhalten nicht häufig E-Mails von mia@customer.example. Erfahren Sie, warum dies wichtig ist",
    ),
    ("sie erhalten nicht oft e-mails von ", "Sie erhalten nicht oft E-Mails von mia@customer.example."),
    (
        "einige personen, die diese nachricht erhalten haben",
        "Einige Personen, die diese Nachricht erhalten haben, erhalten häufig keine E-Mails von mia@customer.example.",
    ),
    ("achtung: diese e-mail", "ACHTUNG: Diese E-Mail stammt von einem externen Absender."),
    ("vorsicht: externe", "VORSICHT: Externe E-Mail"),
    (
        "vous n'obtenez pas souvent d'e-mail",
        "Vous n'obtenez pas souvent d'e-mail à partir de mia@customer.example. Pourquoi c'est important",
    ),
    ("no suele recibir correo", "No suele recibir correo electrónico de mia@customer.example. Por qué es esto importante"),
    (
        "non si riceve spesso posta elettronica da ",
        "Non si riceve spesso posta elettronica da mia@customer.example. Scopri perché è importante",
    ),
    (
        "u ontvangt niet vaak e-mail van ",
        "U ontvangt niet vaak e-mail van mia@customer.example. Meer informatie over waarom dit belangrijk is",
    ),
    (
        "voce nao costuma receber emails de ",
        "Você não costuma receber emails de mia@customer.example. Saiba por que isso é importante",
    ),
    (
        "nie otrzymujesz czesto wiadomosci e-mail ",
        "Nie otrzymujesz często wiadomości e-mail od mia@customer.example. Dowiedz się, dlaczego jest to ważne",
    ),
];

/// How the further sentences of a banner begin.
const CONTINUED: &str = "do not click|don't click|do not open|learn why|please do not|please use caution|be careful|use caution|\
     klicken sie|erfahren sie|offnen sie|ne cliquez|unless you|you have not previously";

/// How many lines from the first on are a banner.
pub(super) fn length(lines: &[&str]) -> usize {
    let Some(first) = lines.first().filter(|line| line.len() <= LONGEST) else { return 0 };
    if first.trim_start().starts_with("ZjQcmQRYFpfptBannerStart") {
        // Proofpoint writes both ends of its banner.
        let end = lines.iter().take(MOST_LINES * 2).position(|line| line.contains("ZjQcmQRYFpfptBannerEnd"));
        return end.map_or(0, |end| end + 1);
    }
    if !begins(first) {
        return 0;
    }
    let mut length = 1;
    while length < MOST_LINES {
        let above = lines[length - 1].trim_end();
        let Some(line) = lines.get(length).filter(|line| !line.trim().is_empty() && line.len() <= LONGEST) else { break };
        let is_open = above.chars().count() > 50 && !above.ends_with(['.', '!', ']', '>', ':', '*']);
        let spelled = plain(line);
        let is_continued = is_open || begins(line) || CONTINUED.split('|').any(|start| spelled.starts_with(start));
        if !is_continued {
            break;
        }
        length += 1;
    }
    length
}

fn begins(line: &str) -> bool {
    let spelled = plain(line);
    let bare = spelled.trim_start_matches(|c: char| !(c.is_alphanumeric() || c == '['));
    BANNERS.iter().any(|(beginning, _)| {
        // `[EXTERNAL]` before the author's own words on one line: the line is his.
        let alone = !beginning.starts_with('[') || bare.len() <= beginning.len() + 2;
        alone && bare.starts_with(beginning) && !bare.ends_with('?')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_spelled_plainly_and_its_example_is_a_banner() {
        for (beginning, example) in BANNERS {
            assert_eq!(plain(beginning), beginning.trim_end());
            assert_eq!(length(&[example, "", "Hello"]), 1, "{example}");
        }
        assert!(CONTINUED.split('|').all(|start| plain(start) == start));
    }

    #[test]
    fn a_banner_ends_where_the_author_begins() {
        let broken = [
            "CAUTION: This email originated from outside of the organization. Do not",
            "click links unless you know the sender.",
            "Hello,",
            "the kettle leaks.",
        ];
        assert_eq!(length(&broken), 2);
        assert_eq!(length(&["[EXTERNAL] Hello, the kettle leaks."]), 0);
        assert_eq!(length(&["External walls of the kettle are wet."]), 0);
    }
}
