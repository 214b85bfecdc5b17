//! `texts check` and `texts show`.

use std::fs;
use std::path::Path;

use postdesk::decide::write::texts::Texts;
use postdesk::model::time::Zone;
use postdesk::operate::table::Look;
use postdesk::operate::texts::{Wanted, check, show};
use postdesk::operate::{Code, Format, Trouble};
use postdesk::settings::texts_folder;
use serde_json::Value;

const PLAIN: Format = Format::People(Look { colour: false, width: Some(100) });

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, source) in files {
        let file = folder.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, source).unwrap();
    }
    folder
}

fn checked(folder: Option<&Path>, format: Format) -> (String, Result<(), Trouble>) {
    let mut out = Vec::new();
    let result = check(folder, format, &mut out);
    (String::from_utf8(out).unwrap(), result)
}

#[test]
fn good_texts_give_a_table_of_the_languages() {
    let folder = folder(&[
        ("de/closed.subject", "Erledigt: {{ subject }}"),
        ("de/.swp", "{{"),
        ("de/closed.body~", "{{"),
        ("README", "mine"),
    ]);
    let (table, result) = checked(Some(folder.path()), PLAIN);
    assert_eq!(result, Ok(()));
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    let german = rows.iter().find(|row| row.first() == Some(&"de")).unwrap();
    assert_eq!(german[1..3], ["1", "0"]);
    assert!(german[3].parse::<usize>().unwrap() > 200, "{table}");
    let english = rows.iter().find(|row| row.first() == Some(&"en")).unwrap();
    assert_eq!((english[1], english[3]), ("36", "0"));
    let (json, _) = checked(Some(folder.path()), Format::Json);
    let languages: Vec<Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(languages.iter().any(|row| row["language"] == "de" && row["built_in"] == false && row["texts"] == 1));
    assert!(languages.iter().all(|row| row["language"] == "de" || row["falls_back_to_english"] == 0));
}

#[test]
fn every_fault_is_told_at_once_with_file_and_line_and_ends_with_78() {
    let folder = folder(&[
        ("en/closed.body", "Closed.\n{{ refrence }}"),
        ("en/phrases", "done.assign = ready"),
        ("de/acknowledgment.body", "Danke"),
        ("pt_BR/closed.body", "Closed."),
    ]);
    fs::write(folder.path().join("de/closed.body"), [0xff, 0xfe]).unwrap();
    let (out, result) = checked(Some(folder.path()), PLAIN);
    let trouble = result.unwrap_err();
    assert_eq!((out.as_str(), trouble.code), ("", Code::Configuration));
    let place = folder.path().display();
    for wanted in [
        format!("{place}/en/closed.body, line 2: nothing is called `refrence`; did you mean `reference`?"),
        format!("{place}/en/phrases, line 1: {{name}} is missing"),
        format!("{place}/de/acknowledgment.body: there is no text of this name; call it `acknowledgement.body`"),
        format!("{place}/de/closed.body: it cannot be read"),
        format!("{place}/pt_BR: the name of the folder is none of a language"),
        "there are 5 faults".to_owned(),
    ] {
        assert!(trouble.message.contains(&wanted), "{wanted}\n{}", trouble.message);
    }
    let (json, result) = checked(Some(folder.path()), Format::Json);
    assert_eq!(result.unwrap_err().code, Code::Configuration);
    let faults: Vec<Value> =
        json.lines().map(|line| serde_json::from_str(line).unwrap()).filter(|row: &Value| row["fault"].is_string()).collect();
    assert_eq!(faults.len(), 5, "{json}");
    assert!(faults.iter().any(|row| row["line"] == 2 && row["stops_a_start"] == true));
    assert!(faults.iter().any(|row| row["line"] == 1 && row["stops_a_start"] == false));
}

fn shown(texts: &Texts, event: Option<&str>, language: Option<&str>, to_agent: Option<bool>) -> Result<String, Trouble> {
    let mut out = Vec::new();
    show(texts, &Wanted { event, language, to_agent, html: false }, &Zone::default(), &mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

#[test]
fn a_text_is_shown_as_its_reader_gets_it() {
    let folder = folder(&[("de/answer.subject", "Antwort: {{ subject }}")]);
    let (overrides, faults) = texts_folder::read(folder.path());
    assert!(faults.is_empty());
    let texts = Texts::new(overrides).unwrap();
    let answer = shown(&texts, Some("answer"), None, None).unwrap();
    assert!(answer.starts_with("Re: Broken kettle [SUP-7]\n\nThe kettle does not boil any more."), "{answer}");
    assert!(answer.contains("\n-- \nAna Kovač\nExample Support | SUP-7"), "{answer}");
    let to_agent = shown(&texts, Some("answer"), Some("de"), Some(true)).unwrap();
    assert!(to_agent.starts_with("Antwort: Broken kettle\n\n-- Write your answer above this line. --"), "{to_agent}");
    let hungarian = shown(&texts, Some("reply"), Some("hu"), None).unwrap();
    assert!(hungarian.contains("\n\n-- Válaszát e sor fölé írja. --\n"), "{hungarian}");
    let list = shown(&texts, None, None, None).unwrap();
    assert!(
        list.contains("acknowledgement  to customers\n") && list.contains("\nlanguages: bg, de, en, hr, hu, pt-BR, ro\n"),
        "{list}"
    );
    for (event, language, to_agent, why) in [
        ("anser", None, None, "did you mean answer?"),
        ("answer", Some("fr"), None, "there are no texts in `fr`; there are bg, de, en"),
        ("note", None, Some(false), "never sent to customers"),
        ("acknowledgement", None, Some(true), "never sent to agents"),
    ] {
        let trouble = shown(&texts, Some(event), language, to_agent).unwrap_err();
        assert!(trouble.code == Code::Input && trouble.message.contains(why), "{trouble}");
    }
}
