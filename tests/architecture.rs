//! The house, held against the code: who may name whom, one door for each outside crate, sizes, and what has no place here.
//! Each failure says file, line and what to do.
#![cfg(test)]

#[path = "architecture/budgets.rs"]
mod budgets;
#[path = "architecture/doors.rs"]
mod doors;
#[path = "architecture/hygiene.rs"]
mod hygiene;
#[path = "architecture/imports.rs"]
mod imports;
#[path = "architecture/phrases.rs"]
mod phrases;
#[path = "architecture/source.rs"]
mod source;
#[path = "architecture/violation.rs"]
mod violation;

use source::{Source, sources};
use violation::{Violation, assert_none};

fn check_each(folders: &[&str], check: impl Fn(&Source) -> Vec<Violation>) {
    let sources = sources(folders);
    assert!(!sources.is_empty(), "no files to check");
    assert_none(&sources.iter().flat_map(check).collect::<Vec<_>>());
}

#[test]
fn modules_name_only_what_the_table_allows_and_the_pure_ones_name_no_input_or_output() {
    check_each(&["src"], imports::check);
}

#[test]
fn each_outside_crate_is_named_behind_its_door_only() {
    check_each(&["src"], doors::check);
}

#[test]
fn each_dependency_has_a_door_and_a_user() {
    assert_none(&doors::check_manifest(&sources(&["src"])));
}

#[test]
fn files_and_functions_keep_to_their_budgets_and_files_begin_with_a_header() {
    check_each(&["src", "tests"], budgets::check);
}

#[test]
fn the_table_of_contents_is_complete_and_in_the_order_of_the_flow() {
    let sources = sources(&["src"]);
    let library = sources.iter().find(|source| source.path == "src/lib.rs").unwrap();
    assert_none(&budgets::check_contents(library, &sources));
}

#[test]
fn both_databases_have_the_same_migrations() {
    assert_none(&hygiene::check_migrations());
}

#[test]
fn no_test_is_ignored_or_sleeps_and_no_lint_is_silenced() {
    check_each(&["src", "tests"], hygiene::check);
}

#[test]
fn no_file_holds_a_path_of_one_machine() {
    assert_none(&hygiene::check_paths());
}
