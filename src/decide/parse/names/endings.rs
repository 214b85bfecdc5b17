//! What files are called at their end: by their media type, or by their first octets.

/// Endings by media type (IANA's names, and those that programs write instead), in lower case.
const ENDINGS: &[(&str, &str)] = &[
    ("message/rfc822", "eml"),
    ("message/global", "eml"),
    ("text/plain", "txt"),
    ("message/delivery-status", "txt"),
    ("message/global-delivery-status", "txt"),
    ("message/disposition-notification", "txt"),
    ("message/feedback-report", "txt"),
    ("text/rfc822-headers", "txt"),
    ("text/html", "html"),
    ("text/csv", "csv"),
    ("text/comma-separated-values", "csv"),
    ("text/calendar", "ics"),
    ("application/ics", "ics"),
    ("text/vcard", "vcf"),
    ("text/x-vcard", "vcf"),
    ("text/directory", "vcf"),
    ("text/rtf", "rtf"),
    ("text/richtext", "rtf"),
    ("text/xml", "xml"),
    ("text/markdown", "md"),
    ("text/css", "css"),
    ("text/x-amp-html", "amp.html"),
    ("text/enriched", "txt"),
    ("image/jpeg", "jpg"),
    ("image/jpg", "jpg"),
    ("image/pjpeg", "jpg"),
    ("image/png", "png"),
    ("image/x-png", "png"),
    ("image/gif", "gif"),
    ("image/webp", "webp"),
    ("image/avif", "avif"),
    ("image/heic", "heic"),
    ("image/heif", "heif"),
    ("image/tiff", "tif"),
    ("image/bmp", "bmp"),
    ("image/x-ms-bmp", "bmp"),
    ("image/svg+xml", "svg"),
    ("image/x-icon", "ico"),
    ("image/vnd.microsoft.icon", "ico"),
    ("image/vnd.adobe.photoshop", "psd"),
    ("image/x-emf", "emf"),
    ("image/emf", "emf"),
    ("image/wmf", "wmf"),
    ("audio/mpeg", "mp3"),
    ("audio/mp3", "mp3"),
    ("audio/mp4", "m4a"),
    ("audio/x-m4a", "m4a"),
    ("audio/aac", "aac"),
    ("audio/ogg", "ogg"),
    ("audio/opus", "opus"),
    ("audio/wav", "wav"),
    ("audio/x-wav", "wav"),
    ("audio/wave", "wav"),
    ("audio/vnd.wave", "wav"),
    ("audio/amr", "amr"),
    ("audio/flac", "flac"),
    ("audio/basic", "au"),
    ("video/mp4", "mp4"),
    ("video/quicktime", "mov"),
    ("video/mpeg", "mpg"),
    ("video/webm", "webm"),
    ("video/3gpp", "3gp"),
    ("video/x-msvideo", "avi"),
    ("video/x-ms-wmv", "wmv"),
    ("video/x-matroska", "mkv"),
    ("application/pdf", "pdf"),
    ("application/x-pdf", "pdf"),
    ("application/postscript", "ps"),
    ("application/zip", "zip"),
    ("application/x-zip", "zip"),
    ("application/x-zip-compressed", "zip"),
    ("application/gzip", "gz"),
    ("application/x-gzip", "gz"),
    ("application/x-tar", "tar"),
    ("application/x-7z-compressed", "7z"),
    ("application/x-rar-compressed", "rar"),
    ("application/x-rar", "rar"),
    ("application/vnd.rar", "rar"),
    ("application/json", "json"),
    ("application/xml", "xml"),
    ("application/rtf", "rtf"),
    ("application/msword", "doc"),
    ("application/vnd.ms-word", "doc"),
    ("application/vnd.ms-excel", "xls"),
    ("application/msexcel", "xls"),
    ("application/vnd.ms-powerpoint", "ppt"),
    ("application/mspowerpoint", "ppt"),
    ("application/vnd.ms-outlook", "msg"),
    ("application/vnd.ms-excel.sheet.macroenabled.12", "xlsm"),
    ("application/vnd.ms-word.document.macroenabled.12", "docm"),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.template", "dotx"),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
    ("application/vnd.openxmlformats-officedocument.presentationml.presentation", "pptx"),
    ("application/vnd.oasis.opendocument.text", "odt"),
    ("application/vnd.oasis.opendocument.spreadsheet", "ods"),
    ("application/vnd.oasis.opendocument.presentation", "odp"),
    ("application/vnd.apple.pages", "pages"),
    ("application/vnd.apple.numbers", "numbers"),
    ("application/vnd.apple.keynote", "key"),
    ("application/vnd.visio", "vsd"),
    ("application/epub+zip", "epub"),
    ("application/vnd.google-earth.kml+xml", "kml"),
    ("application/ms-tnef", "dat"),
    ("application/vnd.ms-tnef", "dat"),
    ("application/pgp-signature", "asc"),
    ("application/pgp-keys", "asc"),
    ("application/pgp-encrypted", "txt"),
    ("application/pkcs7-signature", "p7s"),
    ("application/x-pkcs7-signature", "p7s"),
    ("application/pkcs7-mime", "p7m"),
    ("application/x-pkcs7-mime", "p7m"),
    ("application/x-x509-ca-cert", "crt"),
    ("application/x-pkcs12", "p12"),
    ("application/vnd.apple.pkpass", "pkpass"),
    ("application/javascript", "js"),
    ("application/sql", "sql"),
];

/// First octets that only one kind of file has, and the kind's ending.
const BEGINNINGS: &[(&[u8], &str)] = &[
    (b"%PDF-", "pdf"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\0", "tif"),
    (b"MM\0*", "tif"),
    (b"8BPS", "psd"),
    (b"ID3", "mp3"),
    (b"OggS", "ogg"),
    (b"fLaC", "flac"),
    (b"#!AMR", "amr"),
    (b"{\\rtf", "rtf"),
    (b"Rar!\x1a\x07", "rar"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"\x1f\x8b\x08", "gz"),
    (b"BEGIN:VCARD", "vcf"),
    (b"BEGIN:VCALENDAR", "ics"),
    (b"-----BEGIN PGP ", "asc"),
    (b"%!PS-", "ps"),
    (b"<?xml ", "xml"),
    (b"<!DOCTYPE html", "html"),
];

/// The parts of a package of Office or OpenDocument by which its kind is told; they stand near its beginning.
const PACKAGES: [(&[u8], &str); 6] = [
    (b"word/", "docx"),
    (b"xl/", "xlsx"),
    (b"ppt/", "pptx"),
    (b"mimetypeapplication/vnd.oasis.opendocument.text", "odt"),
    (b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "ods"),
    (b"mimetypeapplication/vnd.oasis.opendocument.presentation", "odp"),
];

/// Octets of a package in which the names of its parts are looked for.
const PACKAGE_START: usize = 4 * 1024;

/// The ending for a media type in lower case.
pub(super) fn of_type(media_type: &str) -> Option<&'static str> {
    ENDINGS.iter().find(|(known, _)| *known == media_type).map(|(_, ending)| *ending)
}

/// The media type for an ending in lower case.
pub(super) fn type_of(ending: &str) -> Option<&'static str> {
    let sought = if ending == "jpeg" { "jpg" } else { ending };
    ENDINGS.iter().find(|(_, known)| *known == sought).map(|(media_type, _)| *media_type)
}

/// The ending for what a file holds, when its first octets tell.
pub(super) fn of_content(content: &[u8]) -> Option<&'static str> {
    if content.starts_with(b"PK\x03\x04") {
        let start = &content[..content.len().min(PACKAGE_START)];
        let kind = PACKAGES.iter().find(|(name, _)| memchr::memmem::find(start, name).is_some());
        return Some(kind.map_or("zip", |(_, ending)| *ending));
    }
    match content {
        [b'R', b'I', b'F', b'F', _, _, _, _, kind @ ..] if kind.starts_with(b"WAVE") => Some("wav"),
        [b'R', b'I', b'F', b'F', _, _, _, _, kind @ ..] if kind.starts_with(b"WEBP") => Some("webp"),
        [_, _, _, _, kind @ ..] if kind.starts_with(b"ftypqt") => Some("mov"),
        [_, _, _, _, kind @ ..] if kind.starts_with(b"ftypM4A") => Some("m4a"),
        [_, _, _, _, kind @ ..] if kind.starts_with(b"ftyphei") => Some("heic"),
        [_, _, _, _, kind @ ..] if kind.starts_with(b"ftyp") => Some("mp4"),
        _ => BEGINNINGS.iter().find(|(start, _)| content.starts_with(start)).map(|(_, ending)| *ending),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_found_and_no_type_has_two() {
        for (index, (media_type, ending)) in ENDINGS.iter().enumerate() {
            assert_eq!(of_type(media_type), Some(*ending), "{media_type}");
            assert!(ENDINGS[..index].iter().all(|(other, _)| other != media_type), "{media_type} twice");
        }
        for (start, ending) in BEGINNINGS {
            assert_eq!(of_content(&[start, &b"rest"[..]].concat()), Some(*ending));
        }
        for (name, ending) in PACKAGES {
            assert_eq!(of_content(&[&b"PK\x03\x04........"[..], name].concat()), Some(ending));
        }
        assert_eq!(of_content(b"RIFF....WAVEfmt "), Some("wav"));
        assert_eq!(of_content(b"\0\0\0\x18ftypheic"), Some("heic"));
        assert_eq!(of_content(b"PK\x03\x04nothing known"), Some("zip"));
        assert_eq!(of_content(b"plain words"), None);
    }
}
