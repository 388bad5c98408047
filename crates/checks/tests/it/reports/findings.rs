//! What analyses, audits and policies say, as findings; where the files come from is in the
//! folder's README.

use std::fmt::Write as _;

use shipway_checks::Finding;
use shipway_checks::finding::Kind;
use shipway_checks::reports::Report;

use super::{fixture, fixtures, read_bytes};

/// What is found in each report of a kind.
fn told(kind: &str, tell: impl Fn(&Report) -> (String, Vec<Finding>)) -> String {
    let mut text = String::new();
    for path in fixtures(kind) {
        let read = read_bytes(&path, &fixture(&path)).unwrap_or_else(|error| panic!("{error}"));
        let (head, findings) = tell(&read.report);
        writeln!(text, "{path}: {}: {head}", read.format).unwrap();
        for finding in findings {
            let undecided = if finding.kind == Kind::Undecided { " (undecided)" } else { "" };
            writeln!(text, "  {finding}{undecided}").unwrap();
            if let Some(allowed) = &finding.allowed {
                writeln!(text, "    allowed by {}: {}", allowed.by, allowed.reason).unwrap();
            }
            if let Some(help) = &finding.help {
                writeln!(text, "    {help}").unwrap();
            }
        }
    }
    text
}

#[test]
fn analysis() {
    let said = told("analysis", |report| {
        let Report::Analysis(analysis) = report else { panic!("{report:?}") };
        (analysis.tools.join(", "), analysis.findings.clone())
    });
    insta::assert_snapshot!(said, @r#"
    analysis/bandit.sarif: SARIF: Bandit
      price.py:1:1: low: Consider possible security implications associated with pickle module [B403]
        see https://bandit.readthedocs.io/en/1.9.4/blacklists/blacklist_imports.html#b403-import-pickle
      price.py:2:1: low: Consider possible security implications associated with the subprocess module [B404]
        see https://bandit.readthedocs.io/en/1.9.4/blacklists/blacklist_imports.html#b404-import-subprocess
      price.py:6:1: medium: Pickle and modules that wrap it can be unsafe when used to deserialize untrusted data, possible security issue [B301]
        see https://bandit.readthedocs.io/en/1.9.4/blacklists/blacklist_calls.html#b301-pickle
      price.py:10:1: high: subprocess call with shell=True identified, security issue [B602]
        see https://bandit.readthedocs.io/en/1.9.4/plugins/b602_subprocess_popen_with_shell_equals_true.html
      price.py:18:1: medium: Use of possibly insecure function - consider using safer ast.literal_eval [B307]
        see https://bandit.readthedocs.io/en/1.9.4/blacklists/blacklist_calls.html#b307-eval
    analysis/codeql.sarif: SARIF: CodeQL
      src/price.js:6:15: critical: This code execution depends on a user-provided value [js/code-injection]
      src/price.js:2:7: low: Unused variable unused [js/unused-local-variable]
        allowed by CodeQL, inSource: kept for the example
    analysis/eslint.sarif: SARIF: ESLint
      /srv/shop/src/broken.js:1:18: high: ESLint could not analyse all: Parsing error: Unexpected token { [analysis-incomplete] (undecided)
        see the tool's own output, mend what stopped it and run it again
      /srv/shop/src/price.js:1:10: medium: 'total' is defined but never used [no-unused-vars]
        see https://eslint.org/docs/latest/rules/no-unused-vars
      /srv/shop/src/price.js:2:7: medium: 'unused' is assigned a value but never used [no-unused-vars]
        see https://eslint.org/docs/latest/rules/no-unused-vars
      /srv/shop/src/price.js:3:13: high: Expected '===' and instead saw '==' [eqeqeq]
        see https://eslint.org/docs/latest/rules/eqeqeq
      /srv/shop/src/price.js:6:10: high: eval can be harmful [no-eval]
        see https://eslint.org/docs/latest/rules/no-eval
    analysis/semgrep.sarif: SARIF: Semgrep OSS
      price.py:10:12: medium: A shell reads the words of a user [shell-true]
      price.py:14:12: medium: A shell reads the words of a user [shell-true]
      price.py:18:12: high: eval runs what a user typed [no-eval]
    analysis/snyk-code.sarif: SARIF: SnykCode
      src/price.js:6:10: high: Unsanitized input from an HTTP parameter flows into eval, where it is executed as JavaScript code [javascript/CodeInjection]
    analysis/sonarqube.sarif: SARIF: SonarQube
      src/price.js:6:10: high: Make sure that this dynamic injection or execution of code is safe [javascript:S1523] (undecided)
        see https://rules.sonarsource.com/javascript/RSPEC-1523
      src/price.js:2:7: low: Remove the declaration of the unused 'unused' variable [javascript:S1481]
    analysis/trivy.sarif: SARIF: Trivy
      package-lock.json:12:1: high: Package: lodash Installed Version: 4.17.20 Vulnerability CVE-2021-23337 Severity: HIGH Fixed Version: 4.17.21 Link: [CVE-2021-23337](https://avd.aquasec.com/nvd/cve-2021-23337) [CVE-2021-23337]
        see https://avd.aquasec.com/nvd/cve-2021-23337
    analysis/zizmor.sarif: SARIF: zizmor
      .github/workflows/ci.yml:10:24: high: code injection via template expansion: may expand into attacker-controllable code [zizmor/template-injection]
        see https://docs.zizmor.sh/audits/#template-injection
      .github/workflows/ci.yml:9:15: high: unpinned action reference: action is not pinned to a hash (required by blanket policy) [zizmor/unpinned-uses]
        see https://docs.zizmor.sh/audits/#unpinned-uses
    "#);
}

#[test]
fn vulnerabilities() {
    let said = told("vulnerabilities", |report| {
        let Report::Vulnerabilities(audit) = report else { panic!("{report:?}") };
        let head = format!(
            "{}, {:?}, {:?} packages",
            audit.tools.join(", "),
            audit.subject,
            audit.packages
        );
        (head, audit.findings("report"))
    });
    insta::assert_snapshot!(said, @r#"
    vulnerabilities/cargo-audit.json: cargo audit: cargo-audit, Dependencies, Some(42) packages
      report:1:1: medium: time 0.1.44: RUSTSEC-2020-0071 (CVE-2020-26235, GHSA-wcg3-cvx6-7396): Potential segfault in the time crate [vulnerability]
        update time to 0.2.23
      vulnerabilities/cargo-audit.json:1:1: low: ansi_term 0.12.1: RUSTSEC-2021-0139: ansi_term is Unmaintained [dependency-unmaintained]
        replace the package
      vulnerabilities/cargo-audit.json:1:1: low: futures-util 0.3.30: yanked [dependency-yanked]
        update the package
    vulnerabilities/govulncheck.json: govulncheck: govulncheck, Dependencies, Some(3) packages
      report:1:1: high: golang.org/x/text v0.3.5: GO-2021-0113 (CVE-2021-38561, GHSA-ppp9-7jff-5vj2): Out-of-bounds read in golang.org/x/text/language; nobody says how bad it is [vulnerability] (undecided)
        update golang.org/x/text to v0.3.7
      report:1:1: low: github.com/tidwall/gjson v1.6.5: GO-2021-0265 (CVE-2021-42248, CVE-2021-42836, GHSA-c9gm-7rfj-8w5h, GHSA-ppj4-34rq-v8j9): Denial of service via maliciously crafted JSON input in github.com/tidwall/gjson… [vulnerability]
        update github.com/tidwall/gjson to v1.9.3
    vulnerabilities/grype.json: Grype: Grype, Image("web:1.4"), None packages
      report:1:1: high: lodash 4.17.20: GHSA-35jh-r3h4-6jhm (CVE-2021-23337): Command Injection in lodash [vulnerability]
        update lodash to 4.17.21
      report:1:1: low: apt 2.6.1: CVE-2011-3374: It was found that apt-key in apt, all versions, do not correctly validate gpg ke… [vulnerability]
        no version of apt is known that mends it: replace it, or waive CVE-2011-3374 with owner, reason and expiry
    vulnerabilities/npm-6.json: npm 6 or pnpm audit: npm, Dependencies, Some(2) packages
      report:1:1: high: lodash 4.17.20: GHSA-35jh-r3h4-6jhm (CVE-2021-23337, npm:1106913): Command Injection in lodash [vulnerability]
        update lodash to 4.17.21
    vulnerabilities/npm.json: npm audit: npm, Dependencies, Some(2) packages
      report:1:1: high: lodash: GHSA-35jh-r3h4-6jhm: Command Injection in lodash [vulnerability]
        update lodash to 4.17.21
    vulnerabilities/osv-scanner.json: osv-scanner: osv-scanner, Dependencies, None packages
      report:1:1: high: lodash 4.17.20: GHSA-35jh-r3h4-6jhm (CVE-2021-23337): Command Injection in lodash [vulnerability]
        update lodash to 4.17.21
      report:1:1: high: golang.org/x/text 0.3.5: GO-2021-0113 (CVE-2021-38561, GHSA-ppp9-7jff-5vj2): Out-of-bounds read in golang.org/x/text/language; nobody says how bad it is [vulnerability] (undecided)
        update golang.org/x/text to 0.3.7
    vulnerabilities/pip-audit.json: pip-audit: pip-audit, Dependencies, Some(2) packages
      report:1:1: high: flask 0.5: PYSEC-2019-179 (GHSA-5wv5-4vpf-pj6m, CVE-2019-1010083); nobody says how bad it is [vulnerability] (undecided)
        update flask to 1.0
    vulnerabilities/pnpm.json: npm 6 or pnpm audit: npm, Dependencies, Some(2) packages
      report:1:1: high: lodash 4.17.20: GHSA-35jh-r3h4-6jhm (CVE-2021-23337, npm:1106913): Command Injection in lodash [vulnerability]
        update lodash to 4.17.21
    vulnerabilities/snyk.json: Snyk: Snyk, Dependencies, Some(3) packages
      report:1:1: high: lodash 4.17.20: SNYK-JS-LODASH-1040724 (CVE-2021-23337, GHSA-35jh-r3h4-6jhm): Command Injection [vulnerability]
        update lodash to 4.17.21
      package-lock.json:1:1: medium: left-pad 1.3.0: WTFPL license [snyk:lic:npm:left-pad:WTFPL]
      vulnerabilities/snyk.json:1:1: high: Snyk did not audit /srv/shop/py: Required packages missing. Run `pip install -r … [not-audited] (undecided)
        see what the scanner says of it, mend that and run it again
    vulnerabilities/trivy.json: Trivy: Trivy, Image("web:1.4"), None packages
      report:1:1: critical: zlib 1.2.11-r3: CVE-2022-37434: zlib: heap-based buffer over-read and overflow in inflate() in inflate.c via a l… [vulnerability]
        update zlib to 1.2.12-r2
      report:1:1: high: busybox 1.32.1-r7: TEMP-0000000-A1B2C3; nobody says how bad it is [vulnerability] (undecided)
        no version of busybox is known that mends it: replace it, or waive TEMP-0000000-A1B2C3 with owner, reason and expiry
      vulnerabilities/trivy.json:1:1: high: alpine 3.13.7 is no longer supported: nobody writes advisories for it [not-audited] (undecided)
        see what the scanner says of it, mend that and run it again
      Dockerfile:3:1: high: Specify at least 1 USER command in Dockerfile with non-root user as argument [DS002]
        Add 'USER <non root user name>' line to the Dockerfile
      app/config.py:7:1: critical: AWS Access Key ID [aws-access-key-id]
    vulnerabilities/vex.cdx.json: CycloneDX: vexer, Dependencies, None packages
      report:1:1: high: com.fasterxml.jackson.core/jackson-databind 2.10.0: CVE-2020-25649 (SNYK-JAVA-COMFASTERXMLJACKSONCORE-1048302): com.fasterxml.jackson.core:jackson-databind does not secure entity expansion pro…; the report says not_affected (code_not_reachable): Automated dataflow analysis and manual code review indicates that the vulnerable… [vulnerability]
        update com.fasterxml.jackson.core/jackson-databind to 2.10.5.1
      report:1:1: high: acme-core: CVE-2026-0001; nobody says how bad it is; the report says in_triage [vulnerability] (undecided)
        no version of acme-core is known that mends it: replace it, or waive CVE-2026-0001 with owner, reason and expiry
      report:1:1: high: acme-web: CVE-2026-0001; nobody says how bad it is; the report says in_triage [vulnerability] (undecided)
        no version of acme-web is known that mends it: replace it, or waive CVE-2026-0001 with owner, reason and expiry
    vulnerabilities/yarn-1.jsonl: yarn audit: yarn, Dependencies, Some(2) packages
      report:1:1: high: lodash 4.17.20: GHSA-35jh-r3h4-6jhm (CVE-2021-23337, npm:1106913): Command Injection in lodash [vulnerability]
        update lodash to 4.17.21
    vulnerabilities/yarn-4.jsonl: yarn npm audit: yarn, Dependencies, None packages
      report:1:1: high: lodash 4.17.20: GHSA-35jh-r3h4-6jhm (npm:1106913): Command Injection in lodash [vulnerability]
        update lodash to 4.17.21
    "#);
}

/// A list of packages may be an audit as well.
#[test]
fn vulnerabilities_of_lists_of_packages() {
    let said = told("sbom", |report| match report.audit() {
        Some(audit) => {
            let head = format!("{}, {:?}", audit.tools.join(", "), audit.subject);
            (head, report.findings("report"))
        }
        None => ("no audit".to_owned(), report.findings("report")),
    });
    insta::assert_snapshot!(said, @r#"
    sbom/cargo-metadata.json: cargo metadata: no audit
    sbom/cyclonedx-npm.json: CycloneDX: no audit
    sbom/cyclonedx-npm.xml: CycloneDX XML: no audit
    sbom/cyclonedx-py.json: CycloneDX: no audit
    sbom/cyclonedx-py.xml: CycloneDX XML: no audit
    sbom/license-checker.json: license-checker: no audit
    sbom/npm.cdx.json: CycloneDX: no audit
    sbom/npm.spdx.json: SPDX: no audit
    sbom/pip-audit.cdx.json: CycloneDX: CycloneDX, Dependencies
      report:1:1: high: flask 0.5: PYSEC-2019-179; nobody says how bad it is [vulnerability] (undecided)
        Upgrade, or waive PYSEC-2019-179 with owner, reason and expiry
    sbom/pip-audit.cdx.xml: CycloneDX XML: CycloneDX, Dependencies
      report:1:1: high: flask 0.5: PYSEC-2019-179; nobody says how bad it is [vulnerability] (undecided)
        Upgrade, or waive PYSEC-2019-179 with owner, reason and expiry
    sbom/pip-licenses.json: pip-licenses: no audit
    sbom/syft.cdx.json: CycloneDX: no audit
    sbom/syft.cdx.xml: CycloneDX XML: no audit
    sbom/syft.spdx: SPDX tag-value: no audit
    sbom/syft.spdx.json: SPDX: no audit
    sbom/trivy.cdx.json: CycloneDX: trivy, Image("web:1.4")
      report:1:1: critical: zlib 1.2.11-r3: CVE-2022-37434: zlib through 1.2.12 has a heap-based buffer over-read or buffer overflow in infl… [vulnerability]
        Upgrade zlib to version 1.2.12-r2, or waive CVE-2022-37434 with owner, reason and expiry
      report:1:1: medium: lodash 4.17.20: CVE-2021-23337: Lodash versions prior to 4.17.21 are vulnerable to Command Injection via the tem… [vulnerability]
        Upgrade lodash to version 4.17.21, or waive CVE-2021-23337 with owner, reason and expiry
    "#);
}

#[test]
fn policy_results() {
    let said = told("policy_results", |report| {
        let Report::PolicyResults(results) = report else { panic!("{report:?}") };
        let head =
            format!("{}, {} answers, {:?}", results.engine, results.evaluated, results.figures);
        (head, results.findings.clone())
    });
    insta::assert_snapshot!(said, @r#"
    policy_results/conftest.json: conftest: conftest, 8 answers, {}
      deployment.yaml:1:1: high: Containers must not run as root in Deployment web [policy-violation]
        see the policy of package `main`
      deployment.yaml:1:1: medium: Deployment web has no resource limits [policy-warning]
        see the policy of package `main`
      deployment.yaml:1:1: high: data.main.exception[_][_] == "latest_tag" [policy-violation]
        allowed by an exception of the policy: data.main.exception[_][_] == "latest_tag"
        see the policy of package `main`
    policy_results/opa-eval.json: OPA: OPA, 5 answers, {"shop.is_production": 1.0, "shop.score": 62.5}
      policy_results/opa-eval.json:1:1: high: shop.allow: it is not allowed [policy-violation]
        see the policy that says so
      policy_results/opa-eval.json:1:1: high: shop.deny: port 22 is open to the world [policy-violation]
        see the policy that says so
      policy_results/opa-eval.json:1:1: high: shop.deny: bucket logs is public [policy-violation]
        see the policy that says so
    policy_results/opa-exec.json: OPA: OPA, 3 answers, {}
      /plan.json:1:1: high: port 22 is open to the world [policy-violation]
        see the policy that says so
      /broken.json:1:1: high: OPA could not judge it: /shop/deny decision was undefined [policy-not-evaluated] (undecided)
        see the engine's own output, mend what stopped it and run it again
    "#);
}

/// What a tool writes instead of a report is no evidence, and says why.
#[test]
fn failed() {
    let failures = fixtures("failed").into_iter().map(|path| {
        let error = read_bytes(&path, &fixture(&path)).unwrap_err();
        format!("{error}\n")
    });
    insta::assert_snapshot!(failures.collect::<String>(), @r#"
    failed/grype.json: no evidence: Grype's database could not be used: failed to load vulnerability db: database does not exist
    failed/npm.json: no evidence: the audit failed: 405 Method Not Allowed - POST https://registry.example.org/-/npm/v1/security/advisories/bulk
    failed/opa-eval.json: no evidence: OPA could not evaluate: undefined function data.shop.helper
    failed/pip-audit.json: no evidence: no package was audited
    failed/snyk.json: no evidence: Snyk did not audit /srv/shop: Could not detect supported target files in /srv/shop.
    failed/trivy.json: no evidence: Trivy found no packages to look at (no result of class `os-pkgs` or `lang-pkgs`)
    failed/yarn-1.jsonl: no evidence: it has no summary (`auditSummary`), the last line of a whole report
    "#);
}
