//! Lists of packages and their licences; where the files come from is in the folder's README.

use std::fmt::Write as _;

use shipway_checks::reports::Report;
use shipway_checks::reports::sbom::licence::{AllowList, judge, unused_waivers};
use shipway_checks::reports::sbom::{Package, Sbom};
use shipway_checks::reports::waivers::Waivers;

use super::{fixture, fixtures, read_bytes};

fn sbom(path: &str) -> (&'static str, Sbom) {
    let read = read_bytes(path, &fixture(path)).unwrap_or_else(|error| panic!("{error}"));
    match read.report {
        Report::Sbom(sbom) => (read.format, sbom),
        other => panic!("{path}: {other:?}"),
    }
}

#[test]
fn packages_are_read() {
    let mut said = String::new();
    for path in fixtures("sbom") {
        let (format, sbom) = sbom(&path);
        writeln!(said, "{path}: {format}").unwrap();
        for Package { name, version, purl, licences } in sbom.packages {
            let version = version.unwrap_or_default();
            writeln!(said, "  {name} {version} {licences:?} {}", purl.unwrap_or_default()).unwrap();
        }
    }
    insta::assert_snapshot!(said, @r#"
    sbom/cargo-metadata.json: cargo metadata
      smallvec 1.16.6 ["MIT OR Apache-2.0"] 
      spdx 0.13.6 ["Apache-2.0"] 
    sbom/cyclonedx-npm.json: CycloneDX
      lodash 4.17.20 ["MIT"] pkg:npm/lodash@4.17.20
      ms 2.1.3 ["MIT"] pkg:npm/ms@2.1.3
    sbom/cyclonedx-npm.xml: CycloneDX XML
      lodash 4.17.20 ["MIT"] pkg:npm/lodash@4.17.20
      ms 2.1.3 ["MIT"] pkg:npm/ms@2.1.3
    sbom/cyclonedx-py.json: CycloneDX
      colorama 0.4.6 ["License :: OSI Approved :: BSD License"] pkg:pypi/colorama@0.4.6
      packaging 26.4 ["Apache-2.0 OR BSD-2-Clause"] pkg:pypi/packaging@26.4
      six 1.17.0 ["MIT"] pkg:pypi/six@1.17.0
      typing_extensions 4.16.0 ["PSF-2.0"] pkg:pypi/typing-extensions@4.16.0
    sbom/cyclonedx-py.xml: CycloneDX XML
      colorama 0.4.6 ["License :: OSI Approved :: BSD License"] pkg:pypi/colorama@0.4.6
      packaging 26.4 ["Apache-2.0 OR BSD-2-Clause"] pkg:pypi/packaging@26.4
      six 1.17.0 ["MIT"] pkg:pypi/six@1.17.0
      typing_extensions 4.16.0 ["PSF-2.0"] pkg:pypi/typing-extensions@4.16.0
    sbom/license-checker.json: license-checker
      lodash 4.17.20 ["MIT"] 
      ms 2.1.3 ["MIT"] 
    sbom/npm.cdx.json: CycloneDX
      lodash 4.17.20 ["MIT"] pkg:npm/lodash@4.17.20
      ms 2.1.3 ["MIT"] pkg:npm/ms@2.1.3
    sbom/npm.spdx.json: SPDX
      lodash 4.17.20 ["MIT"] pkg:npm/lodash@4.17.20
      ms 2.1.3 ["MIT"] pkg:npm/ms@2.1.3
    sbom/pip-audit.cdx.json: CycloneDX
      flask 0.5 [] 
      ms 0.1 [] 
    sbom/pip-audit.cdx.xml: CycloneDX XML
      flask 0.5 [] 
      ms 0.1 [] 
    sbom/pip-licenses.json: pip-licenses
      colorama 0.4.6 ["BSD License"] 
      packaging 26.4 ["Apache-2.0 OR BSD-2-Clause"] 
      six 1.17.0 ["MIT License"] 
      typing_extensions 4.16.0 ["PSF-2.0"] 
    sbom/syft.cdx.json: CycloneDX
      lodash 4.17.20 ["MIT"] pkg:npm/lodash@4.17.20
      ms 2.1.3 ["MIT"] pkg:npm/ms@2.1.3
      shop 1.0.0 ["MIT"] pkg:npm/shop@1.0.0
    sbom/syft.cdx.xml: CycloneDX XML
      lodash 4.17.20 ["MIT"] pkg:npm/lodash@4.17.20
      ms 2.1.3 ["MIT"] pkg:npm/ms@2.1.3
      shop 1.0.0 ["MIT"] pkg:npm/shop@1.0.0
    sbom/syft.spdx: SPDX tag-value
      lodash 4.17.20 ["MIT"] pkg:npm/lodash@4.17.20
      ms 2.1.3 ["MIT"] pkg:npm/ms@2.1.3
      shop 1.0.0 ["MIT"] pkg:npm/shop@1.0.0
    sbom/syft.spdx.json: SPDX
      lodash 4.17.20 ["MIT"] pkg:npm/lodash@4.17.20
      ms 2.1.3 ["MIT"] pkg:npm/ms@2.1.3
      shop 1.0.0 ["MIT"] pkg:npm/shop@1.0.0
    sbom/trivy.cdx.json: CycloneDX
      zlib 1.2.11-r3 ["Zlib"] pkg:apk/alpine/zlib@1.2.11-r3?arch=x86_64&distro=3.13.7
      lodash 4.17.20 ["MIT"] pkg:npm/lodash@4.17.20
    "#);
}

#[test]
fn licences_are_judged() {
    let allow = AllowList::parse(["MIT", "Apache-2.0", "BSD-*"]).unwrap();
    let waivers = "[[licence]]\npackage='waived'\nlicence='GPL-3.0-only'\nowner='alice'\n\
                   reason='a tool, not shipped'\nexpires=2026-12-31\n\
                   [[licence]]\npackage='bare'\nlicence='none'\nowner='bob'\nreason='asked'\n\
                   expires=2026-05-31";
    let waivers = Waivers::read("waivers.toml", waivers).unwrap();
    let package = |name: &str, licences: &[&str]| Package {
        name: name.into(),
        version: Some("1.0".into()),
        licences: licences.iter().map(|of| (*of).to_owned()).collect(),
        ..Package::default()
    };
    let packages = vec![
        package("fine", &["MIT OR GPL-2.0-only"]),
        package("old", &["MIT/Apache-2.0"]),
        package("older", &["MIT/Apache-2.0", "BSD License"]),
        package("copyleft", &["GPL-3.0-only"]),
        package("waived", &["GPL-3.0-only"]),
        package("both", &["MIT", "SSPL-1.0"]),
        package("words", &["Do what you like"]),
        package("own", &["LicenseRef-own"]),
        package("bare", &[]),
    ];
    let now = "2026-06-10T12:00:00Z".parse().unwrap();
    let sbom = Sbom { packages, ..Sbom::default() };
    let findings = judge("sbom.json", &sbom, &allow, &waivers, now);
    assert_eq!(unused_waivers(&[&Sbom::default(), &sbom], &waivers, now), []);
    let idle = unused_waivers(&[&Sbom::default()], &waivers, now);
    let idle: Vec<String> = idle.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(idle.join("\n"), @r"
    waivers.toml:1:1: low: the waiver of alice for waived under GPL-3.0-only covers nothing [waiver-unused]
    waivers.toml:7:1: low: the waiver of bob for bare under none is over since 2026-05-31, and covers nothing [waiver-unused]
    ");
    let said: Vec<_> = findings
        .iter()
        .map(|finding| {
            let allowed = finding.allowed.as_ref().map(|of| format!(" ALLOWED {}", of.reason));
            format!("{:?} {finding}{}", finding.kind, allowed.unwrap_or_default())
        })
        .collect();
    insta::assert_snapshot!(said.join("\n"), @r#"
    Found sbom.json:1:1: high: copyleft 1.0 is under `GPL-3.0-only`, which is not allowed [licence-not-allowed]
    Found sbom.json:1:1: high: waived 1.0 is under `GPL-3.0-only`, which is not allowed [licence-not-allowed] ALLOWED a tool, not shipped (alice, until 2026-12-31)
    Found sbom.json:1:1: high: both 1.0 is under `SSPL-1.0`, which is not allowed [licence-not-allowed]
    Undecided sbom.json:1:1: high: words 1.0: `Do what you like` is no licence that is known [licence-unknown]
    Undecided sbom.json:1:1: high: own 1.0 is under `LicenseRef-own`, of which nothing is known [licence-unknown]
    Undecided sbom.json:1:1: high: bare 1.0: nobody says under which licence it is [licence-unknown]
    Found sbom.json:1:1: low: `BSD License` (1 package) is read as `BSD-2-Clause AND BSD-3-Clause AND BSD-4-Clause` [licence-name]
    Found sbom.json:1:1: low: `MIT/Apache-2.0` (2 packages) is no longer written so [licence-name]
    Found waivers.toml:7:1: high: the waiver of bob for bare under none is over since 2026-05-31 [waiver-expired]
    "#);
}

#[test]
fn the_example_of_the_guide_is_read() {
    let guide = include_str!("../../../../../docs/guide/dependencies.md");
    let (_, example) = guide.split_once("```toml\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    assert_eq!(Waivers::read(".shipway/waivers.toml", example).unwrap().all().len(), 2);
}
