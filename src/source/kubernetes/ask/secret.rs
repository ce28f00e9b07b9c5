//! Which names of environment variables promise a secret value.

use serde_json::Value;

/// What stands for a masked value in text that is copied as it is.
pub(super) const MASK: &str = "••••••";

/// The annotation in which kubectl keeps the whole object as it was applied, environment included.
const APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Parts of a name that tell of a secret.
const TELLING: [&str; 15] = [
    "PASS",
    "SECRET",
    "TOKEN",
    "KEY",
    "CREDENTIAL",
    "AUTH",
    "PRIVATE",
    "SALT",
    "COOKIE",
    "SESSION",
    "SIGNATURE",
    "DSN",
    "CONNECTION_STRING",
    "DATABASE_URL",
    "WEBHOOK",
];

/// Whether a variable of this name, or of this value, is to be masked: `DB_PASSWORD`, or a URL with a password in it.
pub(super) fn is_secret(name: &str, value: &str) -> bool {
    let name = name.to_ascii_uppercase();
    TELLING.iter().any(|part| name.contains(part)) || has_userinfo(value)
}

/// `scheme://user:password@host`.
fn has_userinfo(value: &str) -> bool {
    value.split_once("://").is_some_and(|(_, rest)| {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
        authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
    })
}

/// Masks what looks secret anywhere in an object, and drops what only repeats it or is the server's bookkeeping.
pub(super) fn mask(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(mask),
        Value::Object(members) => {
            if let Some(Value::Object(annotations)) = members.get_mut("annotations")
                && let Some(applied) = annotations.get_mut(APPLIED)
            {
                *applied = Value::from("(not shown: repeats the object)");
            }
            if let Some(Value::Array(variables)) = members.get_mut("env") {
                variables.iter_mut().for_each(mask_variable);
            }
            members.values_mut().for_each(mask);
        }
        _ => {}
    }
}

fn mask_variable(variable: &mut Value) {
    let name = variable.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    if let Some(value) = variable.get_mut("value")
        && is_secret(&name, value.as_str().unwrap_or_default())
    {
        *value = Value::from(MASK);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_and_urls_tell() {
        for (name, value, secret) in [
            ("DB_PASSWORD", "x", true),
            ("apiToken", "x", true),
            ("AWS_SECRET_ACCESS_KEY", "x", true),
            ("BACKEND", "postgres://user:pw@db/x", true),
            ("BACKEND", "https://db:5432/x?a=b@c:d", false),
            ("LOG_LEVEL", "info", false),
            ("PORT", "8080", false),
        ] {
            assert_eq!(is_secret(name, value), secret, "{name}={value}");
        }
    }

    #[test]
    fn a_masked_object_holds_no_secret_anywhere() {
        let mut object = json!({
            "metadata": {"annotations": {APPLIED: "{\"env\":[{\"name\":\"DB_PASSWORD\",\"value\":\"s3cr3t\"}]}", "note": "kept"}},
            "spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": [
                {"env": [{"name": "DB_PASSWORD", "value": "s3cr3t"}, {"name": "LEVEL", "value": "info"},
                         {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "db", "key": "token"}}}]}]}}}}}
        });
        mask(&mut object);
        let text = object.to_string();
        assert!(
            !text.contains("s3cr3t") && text.contains("info") && text.contains("secretKeyRef") && text.contains("kept"),
            "{text}"
        );
    }
}
