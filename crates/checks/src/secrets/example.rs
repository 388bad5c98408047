//! Made-up secrets, for tests, benchmarks and documents: they have the form of real ones, and
//! nobody gave them out. They are made when they are needed, so that none stands in a file.

use super::kind::{Kind, Pattern};

/// A made-up secret of `kind` in a line as it could stand in a file. The same `seed` gives the
/// same one.
#[must_use]
pub fn planted(kind: &Kind, seed: u64) -> String {
    let secret = value(kind, seed);
    match kind.pattern {
        Pattern::Assigned { .. } => {
            let named = kind.id.replace('-', "_").to_uppercase();
            let name = name_for(kind).unwrap_or(named);
            format!("{name} = \"{secret}\"")
        }
        Pattern::Token(_) => format!("value: {secret}"),
        Pattern::Raw(_) | Pattern::Block(_) => secret,
    }
}

/// The same with nothing random in it, as documents write it: no secret.
#[must_use]
pub fn placeholder(kind: &Kind) -> String {
    let shape = fill(kind.example, |_, count| "x".repeat(count));
    match kind.pattern {
        Pattern::Assigned { .. } => {
            format!("{} = \"{shape}\"", name_for(kind).unwrap_or_default())
        }
        _ => shape,
    }
}

/// A made-up secret alone.
#[must_use]
pub fn value(kind: &Kind, seed: u64) -> String {
    let mut state = kind.id.bytes().fold(seed ^ 0x9e37_79b9_7f4a_7c15, |state, byte| {
        (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    fill(kind.example, |class, count| {
        let one = |_| {
            char::from(class[usize::try_from(next(&mut state) >> 33).unwrap_or(0) % class.len()])
        };
        (0..count).map(one).collect()
    })
}

/// A name that the kind is known by: the words of its pattern, without its operators.
fn name_for(kind: &Kind) -> Option<String> {
    let Pattern::Assigned { name, .. } = kind.pattern else { return None };
    let known = [
        ("aws-secret-access-key", "aws_secret_access_key"),
        ("aws-session-token", "AWS_SESSION_TOKEN"),
        ("ibm-cloud-key", "IBM_CLOUD_API_KEY"),
        ("scaleway-secret", "SCW_SECRET_KEY"),
        ("cloudflare-token", "CLOUDFLARE_API_TOKEN"),
        ("vercel-token", "VERCEL_TOKEN"),
        ("drone-token", "DRONE_TOKEN"),
        ("paypal-secret", "PAYPAL_CLIENT_SECRET"),
        ("segment-key", "SEGMENT_WRITE_KEY"),
        ("box-token", "BOX_CLIENT_SECRET"),
        ("linkedin-secret", "LINKEDIN_CLIENT_SECRET"),
        ("datadog-key", "DATADOG_API_KEY"),
        ("lob-key", "LOB_API_KEY"),
        ("wireguard-key", "PrivateKey"),
        ("generic-secret", "client_secret"),
    ];
    if let Some((_, name)) = known.iter().find(|(id, _)| *id == kind.id) {
        return Some((*name).to_owned());
    }
    let first = name.split('|').next().unwrap_or(name);
    Some(format!("{}_token", first.replace('\\', "")))
}

/// Fills what stands in braces: a class and a count.
fn fill(example: &str, mut part: impl FnMut(&'static [u8], usize) -> String) -> String {
    let mut out = String::new();
    let mut rest = example;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((braces, after)) = after.split_once('}') else { break };
        out.push_str(before);
        if braces == "uuid" {
            let groups = [8, 4, 4, 4, 12].map(|count| part(HEX, count));
            out.push_str(&groups.join("-"));
        } else {
            let (class, count) = braces.split_at(1);
            out.push_str(&part(class_of(class), count.parse().unwrap_or(1)));
        }
        rest = after;
    }
    out + rest
}

const HEX: &[u8] = b"0123456789abcdef";

fn class_of(letter: &str) -> &'static [u8] {
    match letter {
        "d" => b"0123456789",
        "h" => HEX,
        "l" => b"0123456789abcdefghijklmnopqrstuvwxyz",
        "A" => b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "B" => b"234567ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "L" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        "q" => b"QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",
        _ => b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    }
}

/// `SplitMix64` (Steele, Lea and Flood 2014).
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
