//! Where large mail is kept: `[store] objects`.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

/// What an address may look like, for people.
const WANTED: &str = "takes \"file:PATH\" or \"s3://BUCKET/PREFIX\", the latter with ?endpoint=URL&region=NAME where needed";

/// A folder or a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A folder, of this machine or of one that all gateways have mounted.
    Folder(PathBuf),
    /// A bucket of S3 or of what speaks like it.
    Bucket(Bucket),
}

/// A bucket, and how to come to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// As it was written. Holds no secret.
    url: String,
    pub(super) name: String,
    /// What the names of our objects begin with, perhaps empty.
    pub(super) prefix: String,
    pub(super) endpoint: Option<String>,
    pub(super) region: Option<String>,
    /// File with the access key id and the secret access key, a line each, read at the start. Without it they are looked for where AWS
    /// puts them: environment, web identity, container or instance.
    pub credentials_file: Option<PathBuf>,
}

impl Place {
    /// Reads an address. What is wrong is said without repeating it: it may hold a secret that belongs elsewhere.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(rest) = text.strip_prefix("s3://") {
            return Bucket::parse(text, rest).map(Place::Bucket);
        }
        match text.strip_prefix("file:") {
            Some(path) if !path.is_empty() && !path.starts_with("//") => Ok(Place::Folder(PathBuf::from(path))),
            _ => Err(WANTED.to_owned()),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Folder(folder) => write!(to, "file:{}", folder.display()),
            Place::Bucket(bucket) => to.write_str(&bucket.url),
        }
    }
}

impl Bucket {
    fn parse(url: &str, rest: &str) -> Result<Self, String> {
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (name, prefix) = path.split_once('/').unwrap_or((path, ""));
        if name.contains(['@', ':']) {
            return Err(
                "holds credentials; put them into a file of their own and name that in `objects_credentials_file`".to_owned()
            );
        }
        let plain = |text: &str| text.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-._/".contains(&octet));
        let prefix = prefix.trim_end_matches('/');
        if name.is_empty() || !plain(path) || prefix.split('/').any(|part| part == "." || part == "..") || prefix.contains("//") {
            return Err(format!("{WANTED}; bucket and prefix are of letters, digits, -, . and _"));
        }
        let mut bucket = Self {
            url: url.to_owned(),
            name: name.to_owned(),
            prefix: prefix.to_owned(),
            endpoint: None,
            region: None,
            credentials_file: None,
        };
        for option in query.split('&').filter(|option| !option.is_empty()) {
            match option.split_once('=') {
                Some(("endpoint", endpoint)) => bucket.endpoint = Some(checked(endpoint)?),
                Some(("region", region)) if !region.is_empty() && plain(region) => bucket.region = Some(region.to_owned()),
                _ => return Err("knows only endpoint=URL and region=NAME behind the question mark".to_owned()),
            }
        }
        Ok(bucket)
    }

    /// Whether it is asked for without TLS, which is only done within this machine.
    pub(super) fn is_plain(&self) -> bool {
        self.endpoint.as_deref().is_some_and(|endpoint| endpoint.starts_with("http:"))
    }
}

/// An endpoint: a scheme, a host and perhaps a port. Without TLS only within this machine: what crosses a network is other people's mail.
fn checked(endpoint: &str) -> Result<String, String> {
    const WANTED: &str = "takes an endpoint such as https://objects.example:9000, without a path";
    let (scheme, authority) = endpoint.split_once("://").ok_or(WANTED)?;
    let authority = authority.trim_end_matches('/');
    let bare = authority
        .strip_prefix('[')
        .map_or_else(|| authority.split(':').next().unwrap_or_default(), |rest| rest.split(']').next().unwrap_or_default());
    if bare.is_empty() || authority.contains(['/', '@', '#', '%']) {
        return Err(WANTED.to_owned());
    }
    let here = bare == "localhost" || bare.parse().is_ok_and(|address: IpAddr| address.is_loopback());
    match scheme {
        "https" => {}
        "http" if here => {}
        "http" => return Err("has an endpoint without TLS on another machine; use https://".to_owned()),
        _ => return Err(WANTED.to_owned()),
    }
    Ok(format!("{scheme}://{authority}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_has_a_name_a_prefix_an_endpoint_and_a_region() {
        let url = "s3://mail/desk/large/?endpoint=http://[::1]:9000/&region=eu-central-1";
        let Ok(Place::Bucket(bucket)) = Place::parse(url) else { panic!("{:?}", Place::parse(url)) };
        assert_eq!((bucket.name.as_str(), bucket.prefix.as_str(), bucket.is_plain()), ("mail", "desk/large", true));
        assert_eq!((bucket.endpoint.as_deref(), bucket.region.as_deref()), (Some("http://[::1]:9000"), Some("eu-central-1")));
        assert_eq!(Place::Bucket(bucket).to_string(), url);
        assert_eq!(Place::parse("file:var/objects"), Ok(Place::Folder("var/objects".into())));
    }

    #[test]
    fn what_would_send_mail_in_clear_text_or_hold_a_secret_is_refused_and_not_repeated() {
        for (url, words) in [
            ("s3://mail/x?endpoint=http://objects.example:9000", "without TLS"),
            ("s3://mail/x?endpoint=http://127.0.0.1.example", "without TLS"),
            ("s3://mail/x?endpoint=https://key:sesame@objects.example", "without a path"),
            ("s3://key:sesame@mail/x", "holds credentials"),
            ("s3://mail/x?secret=sesame", "knows only"),
            ("s3://mail/../x", "takes"),
            ("s3://", "takes"),
            ("gs://mail/sesame", "takes"),
            ("file:", "takes"),
        ] {
            let refused = Place::parse(url).unwrap_err();
            assert!(refused.contains(words) && !refused.contains("sesame"), "{url}: {refused}");
        }
    }
}
