//! What is posted to a link for leaving: `List-Unsubscribe=One-Click`, in one of the two forms of RFC 8058 section 3.1.
//!
//! Never fails: what cannot be read asks for nothing.

/// The one field that counts.
const FIELD: &str = "List-Unsubscribe";
/// What it has to say.
const VALUE: &str = "One-Click";

/// Whether the body asks for leaving. Without a content type it is taken for `application/x-www-form-urlencoded`.
pub fn asks_to_leave(content_type: Option<&str>, body: &[u8]) -> bool {
    let content_type = content_type.unwrap_or("application/x-www-form-urlencoded");
    let (kind, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
    match kind.trim().to_ascii_lowercase().as_str() {
        "application/x-www-form-urlencoded" => body.split(|octet| *octet == b'&').any(is_pair),
        "multipart/form-data" => boundary(parameters).is_some_and(|boundary| has_part(body, boundary)),
        _ => false,
    }
}

fn is_pair(pair: &[u8]) -> bool {
    let Some(equals) = pair.iter().position(|octet| *octet == b'=') else { return false };
    let (name, value) = (decoded(&pair[..equals]), decoded(&pair[equals + 1..]));
    is(&name, FIELD) && is(&value, VALUE)
}

/// Without its `%41`; a `+` is a space.
fn decoded(text: &[u8]) -> Vec<u8> {
    let digit = |at: usize| text.get(at).and_then(|octet| char::from(*octet).to_digit(16));
    let mut octets = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(&octet) = text.get(at) {
        let escaped = digit(at + 1).zip(digit(at + 2)).filter(|_| octet == b'%');
        match escaped.and_then(|(high, low)| u8::try_from(high * 16 + low).ok()) {
            Some(octet) => {
                octets.push(octet);
                at += 3;
            }
            None => {
                octets.push(if octet == b'+' { b' ' } else { octet });
                at += 1;
            }
        }
    }
    octets
}

fn boundary(parameters: &str) -> Option<&str> {
    let value = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then_some(value.trim().trim_matches('"'))
    });
    value.filter(|boundary| !boundary.is_empty())
}

fn has_part(body: &[u8], boundary: &str) -> bool {
    let body = String::from_utf8_lossy(body);
    let delimiter = format!("--{boundary}");
    body.split(&delimiter).any(|part| {
        // The first line is what is left of the delimiter's.
        let mut lines = part.lines().skip(1);
        let header: Vec<&str> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
        header.iter().any(|line| names_the_field(line)) && is(lines.collect::<Vec<_>>().join("\n").as_bytes(), VALUE)
    })
}

fn names_the_field(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    let field = FIELD.to_ascii_lowercase();
    let is_name = |parameter: &str| parameter.trim().strip_prefix("name=").is_some_and(|name| name.trim_matches('"') == field);
    line.starts_with("content-disposition:") && line.split(';').any(is_name)
}

fn is(octets: &[u8], wanted: &str) -> bool {
    octets.trim_ascii().eq_ignore_ascii_case(wanted.as_bytes())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const URLENCODED: Option<&str> = Some("application/x-www-form-urlencoded");

    #[test]
    fn the_forms_of_the_rfc_and_of_a_browser_ask_for_leaving() {
        assert!(asks_to_leave(URLENCODED, b"List-Unsubscribe=One-Click"));
        assert!(asks_to_leave(
            Some("Application/X-WWW-Form-Urlencoded; charset=UTF-8"),
            b"a=b&List%2DUnsubscribe=One%2dClick\r\n"
        ));
        assert!(asks_to_leave(None, b"List-Unsubscribe=One-Click"));
        // RFC 8058 section 8.2.
        let body =
            b"--B0undary\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--B0undary--\r\n";
        assert!(asks_to_leave(Some("multipart/form-data; boundary=B0undary"), body));
        assert!(asks_to_leave(Some("multipart/form-data; charset=x; Boundary=\"B0undary\""), body));
    }

    #[test]
    fn anything_else_asks_for_nothing() {
        for body in
            ["", "List-Unsubscribe", "List-Unsubscribe=", "List-Unsubscribe=Two-Clicks", "xList-Unsubscribe=One-Click", "%", "%4"]
        {
            assert!(!asks_to_leave(URLENCODED, body.as_bytes()), "{body}");
        }
        assert!(!asks_to_leave(Some("application/json"), b"List-Unsubscribe=One-Click"));
        assert!(!asks_to_leave(Some("multipart/form-data"), b"List-Unsubscribe=One-Click"));
        assert!(!asks_to_leave(
            Some("multipart/form-data; boundary=x"),
            b"--x\r\n\r\nname=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--"
        ));
    }

    proptest! {
        #[test]
        fn no_body_and_no_content_type_makes_the_reader_panic(
            kind in "(application/x-www-form-urlencoded|multipart/form-data|.{0,20})(; ?boundary=.{0,5})?",
            body in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            asks_to_leave(Some(&kind), &body);
        }

        #[test]
        fn a_field_among_others_is_found(before in "[a-z=%]{0,9}", behind in "[a-z=%]{0,9}") {
            let body = format!("{before}&List-Unsubscribe=One-Click&{behind}");
            prop_assert!(asks_to_leave(URLENCODED, body.as_bytes()));
        }
    }
}
