//! Whole mails as they leave, and every reading of them that a recipient may have.

use std::collections::HashMap;

use postdesk::model::notice::Outgoing;

/// The octets of a notice, its files from the raw mails.
pub(crate) fn compose(notice: &Outgoing, raws: &HashMap<i64, Vec<u8>>) -> Vec<u8> {
    let mut octets = notice.head.clone().into_bytes();
    for part in &notice.parts {
        octets.extend_from_slice(part.header.as_bytes());
        let range = &raws[&part.raw_id][part.start as usize..part.end as usize];
        if part.encode {
            octets.extend_from_slice(base64(range).as_bytes());
        } else {
            octets.extend_from_slice(range);
        }
    }
    octets.extend_from_slice(notice.tail.as_bytes());
    octets
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64 in lines of 76.
pub(crate) fn base64(octets: &[u8]) -> String {
    let mut text = String::new();
    for (index, group) in octets.chunks(3).enumerate() {
        let number = group.iter().fold(0_u32, |number, octet| number << 8 | u32::from(*octet)) << (8 * (3 - group.len()));
        for at in 0..4 {
            let digit = DIGITS[(number >> (18 - 6 * at)) as usize & 63];
            text.push(if at <= group.len() { char::from(digit) } else { '=' });
        }
        if index % 19 == 18 {
            text.push_str("\r\n");
        }
    }
    text + "\r\n"
}

/// Quoted-printable, without a thought for lines.
pub(crate) fn quoted_printable(text: &str) -> String {
    let mut encoded = String::new();
    for (at, octet) in text.bytes().enumerate() {
        match octet {
            b'\r' | b'\n' => encoded.push(char::from(octet)),
            b' '..=b'~' if octet != b'=' && octet != b'@' => encoded.push(char::from(octet)),
            _ => encoded.push_str(&format!("={octet:02X}")),
        }
        if at % 40 == 39 && !matches!(octet, b'\r' | b'\n') {
            encoded.push_str("=\r\n");
        }
    }
    encoded
}

/// The octets, and what they hold in base64 and quoted-printable, to a depth of three.
pub(crate) fn readings(octets: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![(octets.to_vec(), 0)];
    while let Some((octets, depth)) = open.pop() {
        if depth < 3 {
            if octets.contains(&b'=') {
                open.push((unquoted(&octets), depth + 1));
            }
            open.extend(base64_blocks(&octets).into_iter().map(|block| (block, depth + 1)));
        }
        found.push(String::from_utf8_lossy(&octets).to_lowercase());
    }
    found
}

fn unquoted(octets: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    let mut rest = octets;
    while let [first, tail @ ..] = rest {
        let hex = |octet: u8| char::from(octet).to_digit(16);
        rest = match (first, tail) {
            (b'=', [b'\r', b'\n', more @ ..]) => more,
            (b'=', [high, low, more @ ..]) if hex(*high).is_some() && hex(*low).is_some() => {
                plain.push((hex(*high).unwrap_or(0) * 16 + hex(*low).unwrap_or(0)) as u8);
                more
            }
            _ => {
                plain.push(*first);
                tail
            }
        };
    }
    plain
}

/// Every run of lines that may be base64, decoded.
fn base64_blocks(octets: &[u8]) -> Vec<Vec<u8>> {
    let digit = |octet: &u8| DIGITS.iter().position(|digit| digit == octet);
    let lines = octets.split(|octet| *octet == b'\n').map(<[u8]>::trim_ascii);
    let mut blocks: Vec<Vec<u32>> = vec![Vec::new()];
    for line in lines {
        let bare = line.strip_suffix(b"==").or(line.strip_suffix(b"=")).unwrap_or(line);
        let digits: Option<Vec<u32>> = bare.iter().map(|octet| digit(octet).map(|at| at as u32)).collect();
        match digits.filter(|digits| !digits.is_empty()) {
            Some(digits) => blocks.iter_mut().last().expect("one at least").extend(digits),
            None => blocks.push(Vec::new()),
        }
    }
    let octets = |group: &[u32]| {
        let number = group.iter().fold(0_u32, |number, digit| number << 6 | digit) << (6 * (4 - group.len()));
        number.to_be_bytes()[1..group.len().max(1)].to_vec()
    };
    let decode = |block: &Vec<u32>| block.chunks(4).flat_map(octets).collect();
    blocks.iter().filter(|block| block.len() >= 16).map(decode).collect()
}
