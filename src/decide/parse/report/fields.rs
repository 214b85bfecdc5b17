//! The fields of a part that has the form of a header.

/// The fields of a text, each unfolded onto one line; empty lines stand for themselves.
pub(super) fn fields(text: &str) -> impl Iterator<Item = String> + '_ {
    let mut lines = text.lines().peekable();
    std::iter::from_fn(move || {
        let mut field = lines.next()?.to_owned();
        while !field.trim().is_empty()
            && let Some(more) = lines.next_if(|line| line.starts_with([' ', '\t']) && !line.trim().is_empty())
        {
            field.push(' ');
            field.push_str(more.trim());
        }
        Some(field)
    })
}

/// The value of a field, when it has this name.
pub(super) fn value_of(field: &str, name: &str) -> Option<String> {
    let (found, value) = field.split_once(':')?;
    found.trim().eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
}
