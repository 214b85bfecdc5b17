//! A certificate authority of the tests, and the server's certificate.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

/// An authority that nobody else knows.
pub(crate) struct Authority {
    /// Its certificate, PEM.
    pub(crate) pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// A new one, with a name that no other has.
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        let name = format!("authority {}", &key.serialize_pem()[60..90].replace('\n', ""));
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = parameters.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(parameters, key) }
    }
}

/// Certificate (`CA:FALSE`) and key for `localhost`, PEM. Not for 127.0.0.1: whoever asks for another name has to be refused.
pub(crate) fn leaf(authority: &Authority) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut parameters = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    parameters.is_ca = IsCa::ExplicitNoCa;
    let certificate = parameters.signed_by(&key, &authority.issuer).unwrap();
    (certificate.pem(), key.serialize_pem())
}
