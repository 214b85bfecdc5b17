//! Signs mails with keys of our own, and publishes these.

use mail_auth::arc::ArcSealer;
use mail_auth::common::crypto::{Ed25519Key, RsaKey, Sha256};
use mail_auth::common::headers::HeaderWriter;
use mail_auth::dkim::{DkimSigner, Done};
use mail_auth::{AuthenticatedMessage, AuthenticationResults, MessageAuthenticator, Parameters};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;

use super::names::Names;

const FIELDS: [&str; 4] = ["From", "To", "Subject", "Date"];

/// The record of a key.
fn publish(names: &Names, kind: &str, public: &[u8], domain: &str, selector: &str) {
    let public = postdesk::model::encoding::base64(public);
    names.says(&format!("{selector}._domainkey.{domain}"), &format!("v=DKIM1; k={kind}; p={public}"));
}

/// A signer of a domain with selector `s1` and a new key, which is published.
pub(crate) fn signer(names: &Names, domain: &str) -> DkimSigner<Ed25519Key, Done> {
    signer_of(names, domain, &FIELDS)
}

/// The same, signing other fields.
pub(crate) fn signer_of(names: &Names, domain: &str, fields: &[&str]) -> DkimSigner<Ed25519Key, Done> {
    let key = ed25519();
    publish(names, "ed25519", &key.public_key(), domain, "s1");
    DkimSigner::from_key(key).domain(domain).selector("s1").headers(fields.iter().copied())
}

fn ed25519() -> Ed25519Key {
    Ed25519Key::from_pkcs8_der(&Ed25519Key::generate_pkcs8().unwrap()).unwrap()
}

/// The same with the RSA key of the tests.
pub(crate) fn rsa_signer(names: &Names, domain: &str) -> DkimSigner<RsaKey<Sha256>, Done> {
    let der = PrivateKeyDer::from_pem_slice(include_bytes!("rsa.pem")).unwrap();
    let key = RsaKey::<Sha256>::from_key_der(der).unwrap();
    publish(names, "rsa", &key.public_key(), domain, "s1");
    DkimSigner::from_key(key).domain(domain).selector("s1").headers(FIELDS)
}

/// The mail with the signature on top.
pub(crate) fn signed<K: mail_auth::common::crypto::SigningKey>(signer: &DkimSigner<K, Done>, mail: &[u8]) -> Vec<u8> {
    let mut signed = signer.sign(mail).unwrap().to_header().into_bytes();
    signed.extend_from_slice(mail);
    signed
}

/// The mail as a sealer passes it on that found this.
pub(crate) async fn sealed(names: &Names, sealer: &str, results: &str, mail: &[u8]) -> Vec<u8> {
    let key = ed25519();
    publish(names, "ed25519", &key.public_key(), sealer, "arc");
    let arc = ArcSealer::from_key(key).domain(sealer).selector("arc").headers(FIELDS);
    let message = AuthenticatedMessage::parse(mail).unwrap();
    // What came before is checked by asking the same server.
    let resolver = resolver(names);
    let before = resolver.verify_arc(Parameters::new(&message)).await;
    let results = AuthenticationResults::new(results);
    let mut sealed = arc.seal(&message, &results, &before).unwrap().to_header().into_bytes();
    sealed.extend_from_slice(mail);
    sealed
}

fn resolver(names: &Names) -> MessageAuthenticator {
    use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts};
    let mut connection = ConnectionConfig::udp();
    connection.port = names.address.port();
    let server = NameServerConfig::new(names.address.ip(), true, vec![connection]);
    MessageAuthenticator::new(ResolverConfig::from_parts(None, Vec::new(), vec![server]), ResolverOpts::default()).unwrap()
}
