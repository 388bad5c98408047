//! OIDC tokens.

use std::os::unix::fs::PermissionsExt as _;

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use shipway_results::{Identity, Job};

use crate::support::{World, get, job};

fn identity() -> Identity {
    let github = [
        ("repository", "acme/shop"),
        ("repository_owner", "acme"),
        ("event_name", "push"),
        ("ref", "refs/heads/main"),
        ("server_url", "https://github.com"),
        ("sha", "f00"),
    ];
    Identity {
        github: github.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        environment: Some("production".to_owned()),
        job_workflow_ref: "acme/shop/.github/workflows/w.yml@refs/heads/main".to_owned(),
        ..Identity::default()
    }
}

fn part(token: &str, index: usize) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(token.split('.').nth(index).unwrap()).unwrap()
}

/// The claims, if the token is signed by a key that discovery leads to.
async fn verify(origin: &str, token: &str) -> Value {
    let discovery = get(&format!("{origin}/.well-known/openid-configuration"), &[]).await.ok();
    assert_eq!(discovery["issuer"], *origin);
    assert_eq!(discovery["id_token_signing_alg_values_supported"][0], "RS256");
    let keys = get(discovery["jwks_uri"].as_str().unwrap(), &[]).await.ok();
    let header: Value = serde_json::from_slice(&part(token, 0)).unwrap();
    assert_eq!(header["alg"], "RS256");
    let key = keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == header["kid"]);
    let number = |name: &str| URL_SAFE_NO_PAD.decode(key.unwrap()[name].as_str().unwrap()).unwrap();
    let key = RsaPublicKeyComponents { n: number("n"), e: number("e") };
    let (signed, _) = token.rsplit_once('.').unwrap();
    key.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &part(token, 2)).unwrap();
    serde_json::from_slice(&part(token, 1)).unwrap()
}

#[tokio::test]
async fn a_token_says_who_the_job_is_and_discovery_leads_to_its_key() {
    let world = World::new().await;
    let admission = world.admit(Job { identity: Some(identity()), ..job(7, 1) });
    let (url, token) = admission.id_token.clone().unwrap();
    let authorization = format!("Bearer {token}");
    let headers = [("authorization", authorization.as_str())];
    let answer = get(&format!("{url}&audience=https%3A%2F%2Fvault.example"), &headers).await.ok();
    let claims = verify(&admission.origin, answer["value"].as_str().unwrap()).await;
    for (claim, value) in [
        ("sub", "repo:acme/shop:environment:production"),
        ("aud", "https://vault.example"),
        ("iss", admission.origin.as_str()),
        ("repository", "acme/shop"),
        ("ref", "refs/heads/main"),
        ("sha", "f00"),
        ("run_id", "7"),
        ("environment", "production"),
        ("job_workflow_ref", "acme/shop/.github/workflows/w.yml@refs/heads/main"),
    ] {
        assert_eq!(claims[claim], value, "{claim}");
    }
    let default = get(&url, &headers).await.ok();
    let claims = verify(&admission.origin, default["value"].as_str().unwrap()).await;
    assert_eq!(claims["aud"], "https://github.com/acme");
    assert_eq!(get(&format!("{url}&audience="), &headers).await.status, 400);
    drop(admission);
    assert_eq!(get(&url, &headers).await.status, 401);
}

#[tokio::test]
async fn the_key_is_private_and_stays() {
    let world = World::new().await;
    let keys = |world: &World| format!("{}/.well-known/jwks", world.service.origin());
    assert!(world.files("identity").is_empty(), "made when it is needed");
    let first = get(&keys(&world), &[]).await.ok();
    let file = world.path("results/identity/key");
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&file) & 0o777, 0o600);
    assert_eq!(mode(file.parent().unwrap()) & 0o777, 0o700);
    assert!(first["keys"][0].get("d").is_none(), "the public half only");
    let world = world.again().await;
    assert_eq!(get(&keys(&world), &[]).await.ok(), first);
}
