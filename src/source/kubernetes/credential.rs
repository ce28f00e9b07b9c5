//! Credential plugins of a kubeconfig (`exec:`), run by us and not by the client library: without a terminal and with a
//! time limit, so that one that hangs or asks blocks nothing and draws nothing.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use kube::config::{AuthInfo, ExecConfig, ExecInteractiveMode};
use serde::Deserialize;

use super::{
    child::{self, Failed},
    trouble::Trouble,
};

/// How long a plugin may take. Cloud CLIs start slowly.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a plugin prints.
#[derive(Deserialize)]
struct ExecCredential {
    status: Option<Issued>,
}

/// A credential with an end.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Issued {
    expiration_timestamp: Option<String>,
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
}

/// Replaces a plugin in `auth` by what it issues. Says when that ends.
pub(crate) async fn issue(auth: &mut AuthInfo) -> Result<Option<Timestamp>, Trouble> {
    let Some(exec) = auth.exec.take() else {
        return match &auth.auth_provider {
            Some(provider) if provider.name != "oidc" => Err(Trouble::Configuration(format!(
                "the kubeconfig's auth provider `{}` is gone from Kubernetes; use its exec plugin",
                provider.name
            ))),
            _ => Ok(None),
        };
    };
    let issued = run(&exec, PATIENCE).await?;
    let expires = issued.expiration_timestamp.as_deref().and_then(|text| text.parse().ok());
    if let (Some(certificate), Some(key)) = (issued.client_certificate_data, issued.client_key_data) {
        auth.client_certificate_data = Some(BASE64_STANDARD.encode(certificate));
        auth.client_key_data = Some(BASE64_STANDARD.encode(key).into());
    }
    if let Some(token) = issued.token {
        auth.token = Some(token.into());
    }
    Ok(expires)
}

async fn run(exec: &ExecConfig, limit: Duration) -> Result<Issued, Trouble> {
    let Some(program) = &exec.command else {
        return Err(Trouble::Configuration("the kubeconfig's exec plugin has no command".into()));
    };
    let name = program.rsplit('/').next().unwrap_or(program);
    if exec.interactive_mode == Some(ExecInteractiveMode::Always) {
        return Err(Trouble::NeedsLogin(format!(
            "credential plugin `{name}` always asks on a terminal; use a kubeconfig whose plugin does not (interactiveMode)"
        )));
    }
    let mut spec = serde_json::json!({"interactive": false});
    if exec.provide_cluster_info
        && let (Some(spec), Ok(cluster)) = (spec.as_object_mut(), serde_json::to_value(&exec.cluster))
    {
        spec.insert("cluster".into(), cluster);
    }
    let info = serde_json::json!({"apiVersion": exec.api_version, "kind": "ExecCredential", "spec": spec});
    let mut environment: Vec<(String, String)> = exec
        .env
        .iter()
        .flatten()
        .filter_map(|pair| Some((pair.get("name")?.clone(), pair.get("value")?.clone())))
        .collect();
    environment.push(("KUBERNETES_EXEC_INFO".into(), info.to_string()));
    let arguments = exec.args.as_deref().unwrap_or_default();
    let output = child::output(program, arguments, &environment, limit).await.map_err(|failed| {
        let advice = match (&failed, &exec.install_hint) {
            (Failed::Start(_), Some(hint)) => crate::model::text::name(hint.trim()).into_owned(),
            (Failed::Start(_), None) => "install it".into(),
            _ => "run kubectl in another terminal and log in once".into(),
        };
        Trouble::NeedsLogin(format!("credential plugin `{name}` {failed}; {advice}"))
    })?;
    // JSON is YAML too; some plugins print the latter.
    let credential: ExecCredential = serde_yaml_ng::from_slice(&output).map_err(|_| {
        Trouble::NeedsLogin(format!("credential plugin `{name}` printed no ExecCredential; run it by hand"))
    })?;
    let issued = credential.status.unwrap_or_default();
    if issued.token.is_none() && issued.client_certificate_data.is_none() {
        return Err(Trouble::NeedsLogin(format!("credential plugin `{name}` issued nothing; run it by hand")));
    }
    Ok(issued)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn plugin(script: &str, mode: Option<ExecInteractiveMode>) -> AuthInfo {
        AuthInfo {
            exec: Some(ExecConfig {
                api_version: Some("client.authentication.k8s.io/v1".into()),
                command: Some("sh".into()),
                args: Some(vec!["-c".into(), script.into()]),
                env: None,
                drop_env: None,
                install_hint: None,
                interactive_mode: mode,
                provide_cluster_info: false,
                cluster: None,
                other: std::collections::BTreeMap::default(),
            }),
            ..AuthInfo::default()
        }
    }

    #[tokio::test]
    async fn a_token_takes_the_plugins_place() {
        let script = r#"case $KUBERNETES_EXEC_INFO in *'"interactive":false'*) ;; *) exit 1 ;; esac
            echo '{"kind":"ExecCredential","status":{"token":"t-1","expirationTimestamp":"2026-11-25T12:00:00Z"}}'"#;
        let mut auth = plugin(script, Some(ExecInteractiveMode::IfAvailable));
        assert_eq!(issue(&mut auth).await.unwrap(), Some("2026-11-25T12:00:00Z".parse().unwrap()));
        assert!(auth.exec.is_none());
        assert_eq!(auth.token.unwrap().expose_secret(), "t-1");
    }

    #[tokio::test]
    async fn a_certificate_is_encoded_as_the_client_wants_it() {
        let script = r"printf 'status:\n  clientCertificateData: CERT\n  clientKeyData: KEY\n'";
        let mut auth = plugin(script, None);
        assert_eq!(issue(&mut auth).await.unwrap(), None);
        assert_eq!(auth.client_certificate_data.as_deref(), Some("Q0VSVA=="));
        assert_eq!(auth.client_key_data.unwrap().expose_secret(), "S0VZ");
    }

    #[tokio::test]
    async fn what_goes_wrong_names_the_plugin_and_what_to_do() {
        for (script, mode, expected) in [
            ("echo 'session expired' >&2; exit 1", None, "`sh` failed: session expired; run kubectl"),
            ("echo '{}'", None, "`sh` issued nothing"),
            ("echo '['", None, "`sh` printed no ExecCredential"),
            ("true", Some(ExecInteractiveMode::Always), "`sh` always asks"),
            ("printf 'Password: ' >/dev/tty && read -r x </dev/tty", None, "`sh` failed"),
        ] {
            let error = issue(&mut plugin(script, mode)).await.unwrap_err();
            assert!(matches!(error, Trouble::NeedsLogin(_)) && error.to_string().contains(expected), "{error}");
        }
    }

    #[tokio::test]
    async fn one_that_hangs_is_given_up() {
        let mut auth = plugin("sleep 1000", None);
        let error = run(&auth.exec.take().unwrap(), Duration::from_millis(200)).await.err().unwrap();
        assert!(error.to_string().contains("did not answer"), "{error}");
    }
}
