//! Secrets that the manager hands over.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::service::Service;
use crate::wire::Wire;

/// A service whose secrets are credentials, and the folder where these are.
fn service() -> (Service, PathBuf) {
    let service = Service::new("discard:");
    let file = service.folder().join("postdesk.toml");
    let text = fs::read_to_string(&file).unwrap();
    let text: Vec<&str> =
        text.lines().map(|line| if line.starts_with("key_file") { "key_file = \"credential:key\"" } else { line }).collect();
    fs::write(&file, text.join("\n")).unwrap();
    let folder = service.folder().join("credentials");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("key"), format!("1 {}\n", "5a".repeat(32))).unwrap();
    // As systemd shows an access list that has one user on it.
    fs::set_permissions(folder.join("key"), fs::Permissions::from_mode(0o440)).unwrap();
    (service, folder)
}

#[test]
fn a_gateway_works_with_the_secrets_that_it_was_handed() {
    let (mut service, folder) = service();
    service.start(Vec::new(), &[("CREDENTIALS_DIRECTORY", folder.to_str().unwrap())]);
    service.told("READY=1");
    assert_eq!(Wire::connect(service.gateway.port()).mail("sealed with a credential"), 250);
    service.stop();
    assert!(!service.folder().join("data/keys").exists(), "no other key was made");
}

#[test]
fn a_credential_that_is_not_there_is_exit_78_and_the_words_say_what_is_missing() {
    let (mut service, folder) = service();
    service.start(Vec::new(), &[]);
    assert_eq!(service.ended().code(), Some(78));
    assert!(service.gateway.log().contains("$CREDENTIALS_DIRECTORY is not set"), "{}", service.gateway.log());
    fs::remove_file(folder.join("key")).unwrap();
    service.start(Vec::new(), &[("CREDENTIALS_DIRECTORY", folder.to_str().unwrap())]);
    assert_eq!(service.ended().code(), Some(78));
    assert!(service.gateway.log().contains("does the unit have LoadCredential=key:FILE?"), "{}", service.gateway.log());
}

#[test]
fn a_key_file_of_ones_own_is_still_refused_when_others_can_read_it() {
    let (mut service, folder) = service();
    service.start(Vec::new(), &[("CREDENTIALS_DIRECTORY", folder.to_str().unwrap())]);
    service.told("READY=1");
    service.stop();
    let file = service.folder().join("postdesk.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("credential:key", folder.join("key").to_str().unwrap())).unwrap();
    service.start(Vec::new(), &[]);
    assert_eq!(service.ended().code(), Some(78));
    assert!(service.gateway.log().contains("open to group or others"), "{}", service.gateway.log());
}
