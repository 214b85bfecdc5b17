//! Settings of a store, and versions of postdesk side by side on it.

use crate::base::Base;

on_both!(
    what_was_set_first_stays,
    a_store_that_needs_a_newer_version_is_refused_with_the_words_to_upgrade,
    a_migration_of_a_newer_version_is_left_alone_so_that_gateways_can_be_upgraded_one_by_one,
    a_migration_that_is_another_under_the_same_number_is_refused,
);

async fn what_was_set_first_stays(base: Base) {
    let [one, other] = base.two().await;
    assert_eq!(one.setting("keys").await.unwrap(), None);
    let (first, second) = futures_util::future::join(one.set_once("keys", "one"), other.set_once("keys", "other")).await;
    assert_eq!(first.unwrap(), second.unwrap(), "both know the same");
    let set = one.setting("keys").await.unwrap().unwrap();
    assert_eq!(other.set_once("keys", "another").await.unwrap(), set);
    assert_eq!(one.setting("keys").await.unwrap(), Some(set));
}

async fn a_store_that_needs_a_newer_version_is_refused_with_the_words_to_upgrade(base: Base) {
    base.open().await.close().await;
    for needs in ["99", "something else"] {
        base.run(&format!("UPDATE setting SET value = '{needs}' WHERE name = 'needs'")).await;
        let refused = base.try_open().await.unwrap_err().to_string();
        assert!(refused.contains("please upgrade"), "{refused}");
    }
    base.run("UPDATE setting SET value = '1' WHERE name = 'needs'").await;
    base.open().await.close().await;
}

async fn a_migration_of_a_newer_version_is_left_alone_so_that_gateways_can_be_upgraded_one_by_one(base: Base) {
    base.open().await.close().await;
    base.run(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         SELECT 99, 'of a newer version', success, checksum, execution_time FROM _sqlx_migrations WHERE version = 1; \
         ALTER TABLE arrival ADD COLUMN of_a_newer_version TEXT",
    )
    .await;
    let store = base.gateway().await;
    crate::mails::take(&store, &[crate::mails::from("mia", "m1", "")]).await.unwrap();
    crate::mails::decide_all(&store, crate::mails::claim(&store, crate::mails::ALL, &[]).await).await;
    assert_eq!(base.pending().await, 0);
}

async fn a_migration_that_is_another_under_the_same_number_is_refused(base: Base) {
    base.open().await.close().await;
    let other = "(SELECT m.checksum FROM _sqlx_migrations m WHERE m.version = 1)";
    base.run(&format!("UPDATE _sqlx_migrations SET checksum = {other} WHERE version = 2")).await;
    let refused = base.try_open().await.unwrap_err().to_string();
    assert!(refused.contains("migration 2 of this store is not the one"), "{refused}");
}

#[cfg(feature = "peers")]
#[tokio::test(flavor = "multi_thread")]
async fn gateways_that_start_at_once_on_an_empty_database_make_its_tables_once() {
    let base = Base::database();
    let opened = futures_util::future::join_all((0..4).map(|_| base.try_open())).await;
    for store in opened {
        store.unwrap().close().await;
    }
    assert_eq!(base.number("SELECT COUNT(*) FROM _sqlx_migrations").await, postdesk::store::schema::newest());
}
