//! Addresses of links: which are shown, and what they are where a gateway has put its own in front.

use std::borrow::Cow;

/// Octets of an address that are shown.
const LONGEST: usize = 500;

/// What an address may begin with to be of use to a reader.
const SCHEMES: [&str; 12] =
    ["http:", "https:", "mailto:", "ftp:", "tel:", "sms:", "callto:", "skype:", "webcal:", "geo:", "xmpp:", "www."];

/// The address as a reader needs it; `None` for one that leads nowhere outside of the mail, or is a program.
pub(super) fn shown(href: &str) -> Option<String> {
    let address: String = href.chars().filter(|c| !c.is_control() && !c.is_whitespace()).take(16 * 1024).collect();
    if !SCHEMES.iter().any(|scheme| begins(&address, scheme)) {
        return None;
    }
    let address = unwrapped(&address).unwrap_or(address);
    let mut address = match address.get(..7) {
        Some(scheme) if scheme.eq_ignore_ascii_case("mailto:") => percent_decoded(&address[7..]).into_owned(),
        _ => address,
    };
    if address.len() > LONGEST {
        address.truncate(address.floor_char_boundary(LONGEST));
        address.push('…');
    }
    (!address.is_empty()).then_some(address)
}

/// Whether a text says what the address says.
pub(super) fn says(text: &str, address: &str) -> bool {
    let text = text.trim();
    if begins(address, "tel:") || begins(address, "sms:") || begins(address, "callto:") {
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        // What is written has a zero where the address has the number of a country.
        return digits(address).ends_with(digits(text).trim_start_matches('0')) && digits(text).len() > 2;
    }
    let bare = bare(text);
    bare.eq_ignore_ascii_case(self::bare(address))
        || (address.contains('@') && address.split('?').next().is_some_and(|mailbox| bare.eq_ignore_ascii_case(mailbox)))
}

fn bare(address: &str) -> &str {
    let mut bare = address.trim_matches(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '[' | ']' | '(' | ')'));
    for scheme in ["mailto:", "https://", "http://", "www."] {
        if begins(bare, scheme) {
            bare = &bare[scheme.len()..];
        }
    }
    bare.trim_end_matches('/')
}

fn begins(address: &str, scheme: &str) -> bool {
    address.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
}

/// The address within the address of a gateway that looks at every click.
fn unwrapped(address: &str) -> Option<String> {
    let behind = address.split_once("://")?.1;
    let (host, path) = behind.split_once('/')?;
    let parameter = |name: &str| {
        let query = path.split_once('?')?.1;
        let mut pairs = query.split('&').filter_map(|pair| pair.trim_start_matches("amp;").split_once('='));
        pairs.find(|(found, _)| *found == name).map(|(_, value)| percent_decoded(value).into_owned())
    };
    let host = host.to_ascii_lowercase();
    let inner = if host.ends_with("safelinks.protection.outlook.com") {
        parameter("url")?
    } else if matches!(host.as_str(), "www.google.com" | "google.com") && path.starts_with("url?") {
        parameter("q").or_else(|| parameter("url"))?
    } else if host == "urldefense.proofpoint.com" && path.starts_with("v2/") {
        let value = path.split_once("?u=").or_else(|| path.split_once("&u="))?.1.split('&').next()?;
        percent_decoded(&value.replace('-', "%").replace('_', "/")).into_owned()
    } else if matches!(host.as_str(), "urldefense.com" | "urldefense.us") {
        path.strip_prefix("v3/__")?.split_once("__;")?.0.to_owned()
    } else {
        return None;
    };
    let inner: String = inner.chars().filter(|c| !c.is_control() && !c.is_whitespace()).collect();
    (begins(&inner, "http://") || begins(&inner, "https://") || begins(&inner, "mailto:")).then_some(inner)
}

/// RFC 3986 section 2.1; what is no UTF-8 then stays as it was.
fn percent_decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let digits = behind
            .get(..2)
            .filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let octet = digits.filter(|_| *first == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        octets.push(octet.unwrap_or(*first));
        rest = if octet.is_some() { &behind[2..] } else { behind };
    }
    let decoded = String::from_utf8(octets).map(|text| text.chars().filter(|c| !c.is_control()).collect::<String>());
    decoded.map_or(Cow::Borrowed(text), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gateways_are_taken_off_and_what_is_no_address_is_not_shown() {
        for (href, address) in [
            (
                "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fshop.example%2Fa%3Fb%3D1&data=05%7C01",
                Some("https://shop.example/a?b=1"),
            ),
            (
                "https://eur01.safelinks.protection.outlook.com/?url=javascript%3Aalert(1)&data=05",
                Some("https://eur01.safelinks.protection.outlook.com/?url=javascript%3Aalert(1)&data=05"),
            ),
            ("https://www.google.com/url?q=https://shop.example/&sa=D", Some("https://shop.example/")),
            ("https://urldefense.proofpoint.com/v2/url?u=https-3A__shop.example_a&d=Dw", Some("https://shop.example/a")),
            ("https://urldefense.com/v3/__https://shop.example/a__;!!abc$", Some("https://shop.example/a")),
            ("mailto:mia%40customer.example", Some("mia@customer.example")),
            ("#top", None),
            ("java\nscript:alert(1)", None),
            ("data:text/html,x", None),
            ("/relative", None),
            ("", None),
            ("mailto:", None),
        ] {
            assert_eq!(shown(href).as_deref(), address, "{href}");
        }
        assert!(shown(&format!("https://shop.example/{}", "é".repeat(400))).is_some_and(|address| address.ends_with('…')));
    }

    #[test]
    fn a_text_that_says_the_address_needs_no_other() {
        for (text, address) in [
            ("www.shop.example", "https://www.shop.example/"),
            ("Shop.example/a", "http://shop.example/a"),
            ("mia@customer.example", "mia@customer.example?subject=Hello"),
            ("040 123 456", "tel:+4940123456"),
            (" <https://shop.example> ", "https://shop.example"),
        ] {
            assert!(says(text, address), "{text}");
        }
        assert!(
            !says("Our shop", "https://shop.example")
                && !says("shop.example", "https://evil.example")
                && !says("call", "tel:123")
        );
    }
}
