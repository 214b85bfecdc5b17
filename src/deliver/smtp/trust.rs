//! Whom we believe to be the server that the configuration names: certificates of relays.

use std::path::Path;

use lettre::transport::smtp::client::{Certificate, TlsParameters};

/// What the machine's TLS says of a certificate that leads to no authority it knows.
const UNKNOWN: &str = "UnknownIssuer";

/// How TLS with a host is done. `checked`: its certificate must be for this name, in force, and lead to an authority of this machine or of
/// the file. The error is for the operator.
pub(super) async fn parameters(host: &str, checked: bool, ca_file: Option<&Path>) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if !checked {
        // Nothing depends on who it is: without TLS it would get the mail too.
        builder = builder.dangerous_accept_invalid_certs(true).dangerous_accept_invalid_hostnames(true);
    }
    if let Some(file) = ca_file.filter(|_| checked) {
        let unusable = |why: &dyn std::fmt::Display| format!("ca_file {}: {why}", file.display());
        let pem = tokio::fs::read(file).await.map_err(|error| unusable(&error))?;
        builder = builder.add_root_certificate(Certificate::from_pem(&pem).map_err(|error| unusable(&error))?);
    }
    builder.build().map_err(|error| error.to_string())
}

/// Words of the machine's TLS, with what an operator can do about the one of them that explains nothing.
pub(super) fn advised(words: String) -> String {
    if words.contains(UNKNOWN) {
        return format!("{words}: no authority that is trusted here has signed it; name its authority as `[delivery] ca_file`");
    }
    words
}
