//! Message-IDs (RFC 5322 section 3.6.4) in the fields that hold them, folded, without brackets, or among words.

/// The ids of a value in their order, without brackets. Where nothing stands in brackets, words are ids when all of them look like it.
pub(super) fn read(value: &str) -> Vec<String> {
    let mut ids = Vec::new();
    let mut rest = value;
    while let Some((before, behind)) = rest.split_once('<') {
        // A bracket that nobody closes ends before the next one.
        let next = behind.find(['<', '>']).unwrap_or(behind.len());
        let (id, after) = behind.split_at(next);
        rest = after.strip_prefix('>').unwrap_or(after);
        let id = if after.starts_with('>') { unfolded(id) } else { id.split_whitespace().next().unwrap_or_default().to_owned() };
        // Older programs name the author of what they answer, with an address in brackets, before its id.
        let is_person = before.to_ascii_lowercase().contains("from ") && rest.contains('<');
        let is_whole = after.starts_with('>') || id.contains('@');
        if !id.is_empty() && is_whole && !is_person {
            ids.push(id);
        }
    }
    if ids.is_empty() {
        let words: Vec<&str> = value.split([' ', '\t', '\r', '\n', ',', ';']).filter(|word| !word.is_empty()).collect();
        let are_ids = words.len() == 1 || words.iter().all(|word| word.contains('@'));
        // One id alone may be anything; it is judged where it is used.
        ids.extend(
            words
                .into_iter()
                .filter(|_| are_ids)
                .map(|word| word.trim_matches(['<', '>', '"']).to_owned())
                .filter(|id| !id.is_empty()),
        );
    }
    ids
}

/// Outlook folds an id that is longer than a line, in the middle.
fn unfolded(id: &str) -> String {
    let id = id.trim();
    if id.contains('\n') { id.split(['\r', '\n', '\t']).map(str::trim).collect() } else { id.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn ids_are_found_however_they_stand() {
        for (value, ids) in [
            (" <a@x.example>\r\n", "a@x.example"),
            ("<a@x.example><b@x.example>", "a@x.example b@x.example"),
            ("<a@x.example>,\r\n\t<b@x.example>", "a@x.example b@x.example"),
            ("a@x.example", "a@x.example"),
            ("a@x.example b@x.example", "a@x.example b@x.example"),
            ("\r\n\t<long\r\n\t-id@x.example>", "long-id@x.example"),
            ("<a@x.example", "a@x.example"),
            ("<a@x.example b", "a@x.example"),
            ("<<a@x.example>>", "a@x.example"),
            ("<a@x.example <b@x.example>", "a@x.example b@x.example"),
            ("Your message of \"Thu, 12 Nov\" <a@x.example> (Mia)", "a@x.example"),
            ("Message from mia@x.example of Thu", ""),
            ("Message from Mia <mia@x.example> of \"Thu\" <a@x.example>", "a@x.example"),
            ("<a@x.example> <broken <b@x.example>", "a@x.example b@x.example"),
            ("<no-domain>", "no-domain"),
            ("20261112.id", "20261112.id"),
            ("<>", ""),
            ("", ""),
        ] {
            assert_eq!(read(value).join(" "), ids, "{value}");
        }
    }
}
