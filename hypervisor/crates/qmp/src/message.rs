//! One line of QMP as a typed message. Pure.
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde_json::Value;

use crate::QmpEvent;

/// What QEMU may send. Untagged by nature: the kind shows in which key is there.
#[derive(Debug, PartialEq)]
pub(crate) enum Message {
    Greeting,
    Event(QmpEvent),
    Returned { id: Option<u64>, value: Value },
    Failed { id: Option<u64>, class: String, description: String },
}

#[derive(Deserialize)]
struct Line {
    #[serde(rename = "QMP")]
    greeting: Option<Value>,
    event: Option<String>,
    data: Option<Value>,
    timestamp: Option<Timestamp>,
    #[serde(default, rename = "return", deserialize_with = "present")]
    returned: Option<Value>,
    error: Option<Failure>,
    id: Option<u64>,
}

#[derive(Deserialize)]
struct Timestamp {
    seconds: i64,
    microseconds: i64,
}

#[derive(Deserialize)]
struct Failure {
    #[serde(default)]
    class: String,
    #[serde(default)]
    desc: String,
}

/// A `null` that is there is not the same as a key that is not.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// Reads one line.
pub(crate) fn parse(line: &[u8]) -> Result<Message, String> {
    let line: Line = serde_json::from_slice(line).map_err(|error| format!("not a QMP message: {error}"))?;
    if line.greeting.is_some() {
        return Ok(Message::Greeting);
    }
    if let Some(name) = line.event {
        let time = line.timestamp.map_or_else(SystemTime::now, at);
        return Ok(Message::Event(QmpEvent { name, data: line.data.unwrap_or(Value::Null), time }));
    }
    if let Some(failure) = line.error {
        return Ok(Message::Failed { id: line.id, class: failure.class, description: failure.desc });
    }
    match line.returned {
        Some(value) => Ok(Message::Returned { id: line.id, value }),
        None => Err("a message without QMP, event, return or error".to_owned()),
    }
}

/// QEMU sends -1 where its host has no clock.
fn at(stamp: Timestamp) -> SystemTime {
    let (Ok(seconds), Ok(micros)) = (u64::try_from(stamp.seconds), u64::try_from(stamp.microseconds)) else {
        return SystemTime::now();
    };
    UNIX_EPOCH
        .checked_add(Duration::from_secs(seconds))
        .and_then(|time| time.checked_add(Duration::from_micros(micros)))
        .unwrap_or_else(SystemTime::now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_kind_of_line_is_told_by_its_key() {
        assert_eq!(parse(br#"{"QMP": {"version": {}}}"#), Ok(Message::Greeting));
        assert_eq!(parse(br#"{"return": {}, "id": 7}"#), Ok(Message::Returned { id: Some(7), value: json!({}) }));
        assert_eq!(parse(br#"{"return": null, "id": 1}"#), Ok(Message::Returned { id: Some(1), value: Value::Null }));
        assert_eq!(
            parse(br#"{"error": {"class": "GenericError", "desc": "no"}, "id": 2}"#),
            Ok(Message::Failed { id: Some(2), class: "GenericError".into(), description: "no".into() })
        );
        let event = parse(br#"{"event": "STOP", "timestamp": {"seconds": 5, "microseconds": 7}}"#);
        let time = UNIX_EPOCH + Duration::new(5, 7000);
        assert_eq!(event, Ok(Message::Event(QmpEvent { name: "STOP".into(), data: Value::Null, time })));
    }

    #[test]
    fn rubbish_is_an_error_and_not_a_panic() {
        for line in [&b"{}"[..], b"[]", b"hello", b"", b"{\"id\": 1}", b"\xff\xfe", b"{\"event\": 5}"] {
            assert!(parse(line).is_err(), "{line:?}");
        }
    }

    #[test]
    fn an_impossible_time_is_now() {
        for stamp in ["-1", "9223372036854775807"] {
            let line = format!(r#"{{"event": "X", "timestamp": {{"seconds": {stamp}, "microseconds": 0}}}}"#);
            assert!(parse(line.as_bytes()).is_ok(), "{stamp}");
        }
    }
}
