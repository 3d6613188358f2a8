//! What serde says of a value of the wrong shape, as one sentence for people: what is wrong, what fits, the nearest
//! name. Pure. Where serde changes its words, they go through as they are.
use super::parse::SpecError;

/// Names listed in one sentence; a definition's top level has more, and the schema has them all.
const NAMES_SHOWN: usize = 6;
/// Characters of a value of the caller's that are repeated to him.
const VALUE_SHOWN_CHARS: usize = 40;
/// Below this likeness (0..1, Jaro-Winkler) a suggestion would puzzle more than help; "memroy" and "memory_mb" have 0.9.
const LIKE_ENOUGH: f64 = 0.8;
const SCHEMA: &str = "vms/vm.schema.json describes every field";

/// `path` is the value's place; `fault` is what serde says about it.
pub(super) fn reworded(path: &str, fault: &str) -> SpecError {
    if let Some(name) = fault.strip_prefix("missing field ").and_then(in_backticks) {
        let field = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        return SpecError::at(field, format!("is missing; add it ({SCHEMA})"));
    }
    SpecError::at(path, sentence(fault))
}

fn sentence(fault: &str) -> String {
    if let Some((name, known)) = split(fault, "unknown field ") {
        let mend = nearest(name, &known).unwrap_or_else(|| format!("remove it, or use {}", listed(&known)));
        return format!("there is no such field; {mend} ({SCHEMA})");
    }
    if let Some((name, known)) = split(fault, "unknown variant ") {
        let near = nearest(name, &known).map(|near| format!("{near} The values are {}", listed(&known)));
        let mend = near.unwrap_or_else(|| format!("use {}", listed(&known)));
        return format!("{:?} is none of its values; {mend} ({SCHEMA})", cut(name));
    }
    let shape = fault.strip_prefix("invalid type: ").or_else(|| fault.strip_prefix("invalid value: "));
    if let Some((found, expected)) = shape.and_then(|rest| rest.rsplit_once(", expected ")) {
        return format!("{} does not fit; give {} ({SCHEMA})", found_in_words(found), expected_in_words(expected));
    }
    format!("{fault}; correct it ({SCHEMA})")
}

/// serde's "… `name`, expected one of `a`, `b`" as the name and the list.
fn split<'a>(fault: &'a str, prefix: &str) -> Option<(&'a str, Vec<&'a str>)> {
    // From the right: the name is the caller's and may hold anything.
    let (name, known) = fault.strip_prefix(prefix)?.strip_prefix('`')?.rsplit_once("`, expected ")?;
    Some((name, known.split('`').skip(1).step_by(2).collect()))
}

fn in_backticks(text: &str) -> Option<&str> {
    text.strip_prefix('`')?.strip_suffix('`')
}

fn nearest(name: &str, known: &[&str]) -> Option<String> {
    let name = name.to_lowercase();
    let likeness = |other: &&str| strsim::jaro_winkler(&name, other);
    let best = known.iter().copied().max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    (likeness(&best) >= LIKE_ENOUGH).then(|| format!("did you mean {best:?}?"))
}

/// "a, b or c"; beyond the cap it says that there are more.
fn listed(known: &[&str]) -> String {
    match known {
        [] => "nothing here".to_owned(),
        [only] => format!("{only:?}"),
        [most @ .., last] if known.len() <= NAMES_SHOWN => {
            let most: Vec<String> = most.iter().map(|name| format!("{name:?}")).collect();
            format!("{} or {last:?}", most.join(", "))
        }
        _ => {
            let shown: Vec<String> = known.iter().take(NAMES_SHOWN).map(|name| format!("{name:?}")).collect();
            format!("one of {}, … and {} more", shown.join(", "), known.len() - NAMES_SHOWN)
        }
    }
}

fn found_in_words(found: &str) -> String {
    let number = found.strip_prefix("integer ").or_else(|| found.strip_prefix("floating point "));
    if let Some(number) = number.and_then(in_backticks) {
        return format!("the number {}", cut(number));
    }
    if let Some(truth) = found.strip_prefix("boolean ").and_then(in_backticks) {
        return truth.to_owned();
    }
    match (found, found.strip_prefix("string ")) {
        ("map", _) => "an object".to_owned(),
        ("sequence", _) => "a list".to_owned(),
        (_, Some(text)) => format!("the text {}", cut(text)),
        _ => cut(found),
    }
}

fn expected_in_words(expected: &str) -> String {
    let words = match expected {
        "u32" | "u64" => "a whole number of 0 or more",
        "a boolean" => "true or false",
        "a string" | "string or map" => "a text in quotes",
        "a sequence" => "a list [ … ]",
        "a map" => "an object { … }",
        _ if expected.starts_with("struct ") => "an object { … }",
        _ => expected,
    };
    words.to_owned()
}

fn cut(text: &str) -> String {
    if text.chars().count() <= VALUE_SHOWN_CHARS {
        return text.to_owned();
    }
    text.chars().take(VALUE_SHOWN_CHARS).chain(['…']).collect()
}
