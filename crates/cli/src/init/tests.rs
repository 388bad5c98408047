//! Every kind of repository, as the files that are written for it.

use std::fs;

use proptest::prelude::*;
use shipway_core::config::{Config, Facts, PathKind, read};
use shipway_workflow::model::Workflow;

use super::tree::Tree;
use super::{Written, detect, render, write};

impl Facts for Tree {
    fn at(&self, path: &str) -> Option<PathKind> {
        let folder = format!("{path}/");
        if path == "." || self.files.iter().any(|file| file.starts_with(&folder)) {
            return Some(PathKind::Folder);
        }
        self.files.contains(path).then_some(PathKind::File)
    }

    fn expression(&self, _: &str) -> Result<(), String> {
        Ok(())
    }

    fn names_in(&self, _: &str) -> Vec<String> {
        Vec::new()
    }
}

/// A repository with these files; where there is a text, it is the file's.
fn tree(files: &[(&str, &str)]) -> Tree {
    Tree {
        name: "Acme Shop".to_owned(),
        branch: "main".to_owned(),
        files: files.iter().map(|(path, _)| (*path).to_owned()).collect(),
        texts: files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect(),
    }
}

/// The configuration that is written for `tree`, read back.
fn read_back(tree: &Tree) -> Config {
    let detected = detect(tree);
    let text = render::config(&detected);
    let workflow = render::workflow(&detected);
    if let Err(problems) = Workflow::read("ci.yml", &workflow) {
        panic!("{workflow}\n{problems:#?}");
    }
    read("shipway.yaml", &text, tree).unwrap_or_else(|problems| {
        let problems: Vec<String> = problems.iter().map(|problem| problem.render(&text)).collect();
        panic!("{text}\n{}", problems.join("\n"))
    })
}

/// The services that are written for a repository, one a line, and its tests.
fn summary(files: &[(&str, &str)]) -> String {
    let tree = tree(files);
    read_back(&tree);
    let detected = detect(&tree);
    let mut text = String::new();
    for found in &detected.services {
        let port = if found.listens { "" } else { " (worker)" };
        text.push_str(&format!("{}{port} in {}: {}\n", found.name, found.path, found.what));
        if let Some(build) = &found.build {
            text.push_str(&format!("  build {} -> {:?}\n", build.run, build.outputs));
        }
        text.push_str(&format!("  run   {}\n", found.run.as_deref().unwrap_or("?")));
        for (label, values) in
            [("uses ", &found.uses), ("test ", &found.tests), ("note ", &found.notes)]
        {
            values.iter().for_each(|value| text.push_str(&format!("  {label} {value}\n")));
        }
    }
    text
}

#[test]
fn a_rust_program() {
    let cargo = "[package]\nname = \"shop-api\"\nversion = \"0.1.0\"\n";
    let files =
        [("Cargo.toml", cargo), ("Cargo.lock", ""), ("src/main.rs", ""), ("migrations/1.sql", "")];
    insta::assert_snapshot!(summary(&files), @r#"
    shop-api in .: a Rust program
      build cargo build --release --locked -> ["target/release/shop-api"]
      run   ./target/release/shop-api
      test  cargo test --locked
    "#);
    insta::assert_snapshot!(render::config(&detect(&tree(&files))), @r"
    # How this repository goes to production. Written by `shipway init` from what it
    # looks like: read it once. `shipway config check` says what is wrong with it,
    # `shipway config show` prints it with every default.
    project: acme-shop

    services:
      shop-api:
        # Found: a Rust program.
        build:
          run: cargo build --release --locked
          outputs:
            - target/release/shop-api
        # Gets $PORT in its environment and has to listen there, on 127.0.0.1.
        run: ./target/release/shop-api
        # Fill in a path that answers 200 once it is ready; until then, an accepted
        # connection counts:
        # health: /health/ready
        # Fill in a command that tries the new version at $URL before any user does:
        # smoke: ./smoke-test
        # Fill in the command that applies the migrations:
        # migrations: {dir: migrations, apply: ./migrate}

    environments:
      staging:
        branch: main                        # every commit of it, by itself

      production:
        from: staging                       # what was proven there
        approval:
          required: 1
          # For one person on one machine: who ships may approve, and a login name is
          # enough. For a team, name who may: `by: [alice, bob]`, and `self: false`.
          self: true
          unverified: true
        # The new version starts beside the old one and takes over at once; the old
        # one stays ready for so long, and comes back by itself when the new one ends,
        # or answers more than 5 % of requests with errors.
        rollout:
          blue_green: {bake: 30s}
        guard:
          error_rate: {over: 5%, then: rollback}
    ");
    insta::assert_snapshot!(render::workflow(&detect(&tree(&files))), @r"
    # What has to succeed before a commit is deployed. GitHub runs this file, and so
    # does Shipway.
    name: CI

    on:
      push:
        branches:
          - main
      pull_request:

    jobs:
      test-shop-api:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - run: cargo test --locked
    ");
}

#[test]
fn node_programs() {
    let plain =
        r#"{"name": "@acme/web", "scripts": {"start": "node server.js", "test": "node --test"}}"#;
    insta::assert_snapshot!(summary(&[("package.json", plain), ("server.js", "")]), @r"
    web in .: a Node program
      run   node server.js
      test  npm test
    ");
    let next = r#"{"name": "shop", "dependencies": {"next": "15"}, "scripts": {"build": "next build", "start": "next start"}}"#;
    insta::assert_snapshot!(summary(&[("package.json", next), ("package-lock.json", "")]), @r"
    shop in .: a Next.js site
      build npm ci && npm run build -> []
      run   npx next start --port $PORT
      test  npm ci
      test  npm run build
    ");
    let vite = r#"{"devDependencies": {"vite": "6"}, "scripts": {"build": "vite build", "test": "echo \"Error: no test specified\" && exit 1"}}"#;
    insta::assert_snapshot!(summary(&[("package.json", vite), ("pnpm-lock.yaml", ""), ("index.html", "")]), @r"
    acme-shop in .: a site that is built into files
      build pnpm install --frozen-lockfile && pnpm run build -> []
      run   python3 -m http.server --bind 127.0.0.1 --directory dist $PORT
      test  pnpm install --frozen-lockfile
      test  pnpm run build
      note  Look whether the build writes into `dist`.
    ");
    insta::assert_snapshot!(summary(&[("package.json", "{")]), @r"
    acme-shop in .: a Node program
      run   ?
      note  package.json is not valid JSON: fill in how it is started.
    ");
}

#[test]
fn python_programs() {
    insta::assert_snapshot!(summary(&[("app.py", "")]), @r"
    acme-shop in .: a Python program
      run   python3 app.py
      test  python3 -m unittest
    ");
    insta::assert_snapshot!(summary(&[("main.py", ""), ("requirements.txt", "fastapi\nuvicorn\npytest\n")]), @r"
    acme-shop in .: a Python program
      build python3 -m venv .venv && .venv/bin/pip install -r requirements.txt -> []
      run   .venv/bin/python -m uvicorn main:app --port $PORT
      test  python3 -m venv .venv && .venv/bin/pip install -r requirements.txt
      test  .venv/bin/python -m pytest
      note  Look whether `main:app` is its application.
    ");
    insta::assert_snapshot!(summary(&[("wsgi.py", ""), ("pyproject.toml", "dependencies = ['flask', 'gunicorn']")]), @r"
    acme-shop in .: a Python program
      build python3 -m venv .venv && .venv/bin/pip install . -> []
      run   .venv/bin/python -m gunicorn --bind 127.0.0.1:$PORT wsgi:app
      test  python3 -m venv .venv && .venv/bin/pip install .
      test  .venv/bin/python -m unittest
      note  Look whether `wsgi:app` is its application.
    ");
    insta::assert_snapshot!(summary(&[("manage.py", ""), ("requirements.txt", "# none\n")]), @r"
    acme-shop in .: a Python program
      run   python3 manage.py runserver --noreload 127.0.0.1:$PORT
      test  python3 manage.py test
      note  Django's migrations: `migrations: {dir: …, apply: python3 manage.py migrate}`.
      note  `runserver` is for development: use gunicorn or uvicorn.
    ");
}

#[test]
fn go_programs() {
    let module = "module example.org/acme/shop/v2\n\ngo 1.23\n";
    insta::assert_snapshot!(summary(&[("go.mod", module), ("main.go", "")]), @r#"
    shop in .: a Go program
      build go build -o bin/shop . -> ["bin/shop"]
      run   ./bin/shop
      test  go vet ./...
      test  go test ./...
    "#);
    insta::assert_snapshot!(summary(&[("go.mod", module), ("cmd/api/main.go", ""), ("cmd/job/main.go", "")]), @r#"
    api in .: a Go program
      build go build -o bin/api ./cmd/api -> ["bin/api"]
      run   ./bin/api
      test  go vet ./...
      test  go test ./...
    job in .: a Go program
      build go build -o bin/job ./cmd/job -> ["bin/job"]
      run   ./bin/job
      test  go vet ./...
      test  go test ./...
    "#);
}

#[test]
fn java_programs() {
    let maven = "<project><parent><artifactId>spring-boot-starter-parent</artifactId><version>3.4.0</version></parent><artifactId>shop</artifactId><version>1.2.0</version><dependencies><dependency><artifactId>spring-boot-starter-actuator</artifactId></dependency></dependencies></project>";
    insta::assert_snapshot!(summary(&[("pom.xml", maven), ("mvnw", "")]), @r#"
    shop in .: a Java program, built by Maven
      build ./mvnw --batch-mode -DskipTests package -> ["target/*.jar"]
      run   java -Dserver.port=$PORT -jar target/shop-1.2.0.jar
      test  ./mvnw --batch-mode verify
    "#);
    let gradle = "plugins {\n    id 'application'\n}\n";
    insta::assert_snapshot!(summary(&[("build.gradle", gradle), ("settings.gradle", "rootProject.name = 'shop'\n"), ("gradlew", "")]), @r#"
    shop in .: a Java program, built by Gradle
      build ./gradlew installDist -> ["build/install/**"]
      run   ./build/install/shop/bin/shop
      test  ./gradlew check
    "#);
    insta::assert_snapshot!(summary(&[("build.gradle.kts", "plugins { id(\"org.springframework.boot\") version \"3.4.0\" }")]), @r#"
    acme-shop in .: a Java program, built by Gradle
      build gradle bootJar -> ["build/libs/*.jar"]
      run   java -Dserver.port=$PORT -jar build/libs/*.jar
      test  gradle check
    "#);
}

#[test]
fn sites_dockerfiles_and_nothing_known() {
    insta::assert_snapshot!(summary(&[("public/index.html", "")]), @r"
    acme-shop in .: a site of files
      run   python3 -m http.server --bind 127.0.0.1 --directory public $PORT
      test  test -s public/index.html
    ");
    let dockerfile = "FROM debian\nCMD [\"old\"]\nFROM debian\nENTRYPOINT [\"/bin/shop\", \"--name\", \"a b\"]\nCMD serve \\\n  --all\n";
    insta::assert_snapshot!(summary(&[("Dockerfile", dockerfile)]), @r"
    acme-shop in .: a Dockerfile
      run   /bin/shop --name 'a b' serve --all
      note  Images are not available yet: it runs as a process. Fill in `build`, what the Dockerfile does with RUN and COPY.
      note  `run` is the Dockerfile's: look whether it fits outside.
    ");
    insta::assert_snapshot!(summary(&[("README.md", "")]), @r"
    acme-shop in .: nothing that is recognised
      run   ?
      note  Nothing here says how it is built and started: fill in both.
    ");
    insta::assert_snapshot!(render::config(&detect(&tree(&[]))), @r"
    # How this repository goes to production. Written by `shipway init` from what it
    # looks like: read it once. `shipway config check` says what is wrong with it,
    # `shipway config show` prints it with every default.
    project: acme-shop

    services:
      acme-shop:
        # Found: nothing that is recognised.
        # Nothing here says how it is built and started: fill in both.
        # Fill in the command that starts it; it gets $PORT:
        run: sh -c 'echo shipway.yaml does not say what to run >&2; exit 1'
        # Fill in a path that answers 200 once it is ready; until then, an accepted
        # connection counts:
        # health: /health/ready
        # Fill in a command that tries the new version at $URL before any user does:
        # smoke: ./smoke-test

    environments:
      staging:
        branch: main                        # every commit of it, by itself

      production:
        from: staging                       # what was proven there
        approval:
          required: 1
          # For one person on one machine: who ships may approve, and a login name is
          # enough. For a team, name who may: `by: [alice, bob]`, and `self: false`.
          self: true
          unverified: true
        # The new version starts beside the old one and takes over at once; the old
        # one stays ready for so long, and comes back by itself when the new one ends,
        # or answers more than 5 % of requests with errors.
        rollout:
          blue_green: {bake: 30s}
        guard:
          error_rate: {over: 5%, then: rollback}
    ");
    insta::assert_snapshot!(render::workflow(&detect(&tree(&[]))), @r"
    # What has to succeed before a commit is deployed. GitHub runs this file, and so
    # does Shipway.
    name: CI

    on:
      push:
        branches:
          - main
      pull_request:

    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          # Fill in the command that tests this repository:
          - run: 'true'
    ");
}

#[test]
fn a_procfile_knows_better() {
    let procfile = "# processes\nweb: gunicorn shop:app --bind 127.0.0.1:$PORT\nworker: python3 work.py\nrelease: ./migrate\n";
    insta::assert_snapshot!(summary(&[("Procfile", procfile), ("requirements.txt", "flask"), ("app.py", "")]), @r"
    acme-shop in .: a Python program
      build python3 -m venv .venv && .venv/bin/pip install -r requirements.txt -> []
      run   .venv/bin/python -m gunicorn shop:app --bind 127.0.0.1:$PORT
      test  python3 -m venv .venv && .venv/bin/pip install -r requirements.txt
      test  .venv/bin/python -m unittest
      note  `run` is `web` of the Procfile.
    acme-shop-worker (worker) in .: a Python program
      build python3 -m venv .venv && .venv/bin/pip install -r requirements.txt -> []
      run   .venv/bin/python work.py
      note  `worker` of the Procfile: a worker without a port.
    ");
}

#[test]
fn several_services_in_one_repository() {
    let api = "[package]\nname = \"api\"\n\n[dependencies]\nshared = { path = \"../../crates/shared\" }\n";
    let files = [
        ("Cargo.toml", "[workspace]\nmembers = [\"services/*\"]\n"),
        ("Cargo.lock", ""),
        ("services/api/Cargo.toml", api),
        ("services/api/src/main.rs", ""),
        (
            "crates/shared/Cargo.toml",
            "[package]\nname = \"shared\"\n[dependencies]\nbase.workspace = true\n",
        ),
        ("crates/base/Cargo.toml", "[package]\nname = \"base\"\n"),
        ("crates/shared/src/lib.rs", ""),
        (
            "apps/web/package.json",
            r#"{"name": "web", "dependencies": {"@acme/ui": "*"}, "scripts": {"start": "node server.js"}}"#,
        ),
        ("packages/ui/package.json", r#"{"name": "@acme/ui", "main": "index.js"}"#),
        ("packages/ui/index.js", ""),
        ("api/app.py", ""),
        ("docs/README.md", ""),
    ];
    insta::assert_snapshot!(summary(&files), @r#"
    api in api: a Python program
      run   python3 app.py
      test  python3 -m unittest
    web in apps/web: a Node program
      build npm install -> []
      run   node server.js
      uses  packages/ui
      test  npm install
    api-2 in services/api: a Rust program
      build cargo build --release --locked --target-dir target -> ["target/release/api"]
      run   ./target/release/api
      uses  crates/base
      uses  crates/shared
      test  cargo test --locked
    "#);
    insta::assert_snapshot!(render::workflow(&detect(&tree(&files))), @r"
    # What has to succeed before a commit is deployed. GitHub runs this file, and so
    # does Shipway.
    name: CI

    on:
      push:
        branches:
          - main
      pull_request:

    jobs:
      test-api:
        runs-on: ubuntu-latest
        defaults:
          run:
            working-directory: api
        steps:
          - uses: actions/checkout@v4
          - run: python3 -m unittest

      test-web:
        runs-on: ubuntu-latest
        defaults:
          run:
            working-directory: apps/web
        steps:
          - uses: actions/checkout@v4
          - run: npm install

      test-api-2:
        runs-on: ubuntu-latest
        defaults:
          run:
            working-directory: services/api
        steps:
          - uses: actions/checkout@v4
          - run: cargo test --locked
    ");
}

#[test]
fn nothing_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("app.py"), "").unwrap();
    let tree = Tree::read(folder.path(), "trunk").unwrap();
    let (config, workflow) = ("shipway.yaml", ".github/workflows/ci.yml");
    let first = write(folder.path(), &detect(&tree)).unwrap();
    assert_eq!(first, [Written::Created(config), Written::Created(workflow)]);
    fs::write(folder.path().join(config), "mine").unwrap();
    let again = Tree::read(folder.path(), "trunk").unwrap();
    let second = write(folder.path(), &detect(&again)).unwrap();
    assert_eq!(second, [Written::Kept(config), Written::Kept(workflow)]);
    assert_eq!(fs::read_to_string(folder.path().join(config)).unwrap(), "mine");
}

#[test]
fn a_repository_with_workflows_gets_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let workflows = folder.path().join(".github/workflows");
    fs::create_dir_all(&workflows).unwrap();
    fs::write(workflows.join("tests.yml"), "").unwrap();
    let tree = Tree::read(folder.path(), "main").unwrap();
    let written = write(folder.path(), &detect(&tree)).unwrap();
    assert_eq!(written[1], Written::NotNeeded(".github/workflows/ci.yml"));
    assert!(!workflows.join("ci.yml").exists());
}

#[test]
fn what_others_made_is_not_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    for path in ["node_modules/x", "target/y", ".git/z"] {
        fs::create_dir_all(folder.path().join(path)).unwrap();
        fs::write(folder.path().join(path).join("package.json"), "{}").unwrap();
    }
    assert!(Tree::read(folder.path(), "main").unwrap().files.is_empty());
}

proptest! {
    /// Whatever a repository holds, what is written for it is good.
    #[test]
    fn what_is_written_reads_back(
        name in "\\PC{0,80}",
        branch in "[a-z][a-z0-9/_-]{0,20}[a-z]",
        manifest in prop::sample::select(vec!["package.json", "Cargo.toml", "go.mod", "pom.xml", "build.gradle", "Dockerfile", "Procfile", "requirements.txt"]),
        folder in prop::sample::select(vec!["", "services/a b/", "apps/é/", "1/", "x.y/"]),
        text in "\\PC{0,60}|(module|web:|CMD|\\[package\\]|name =|<artifactId>|\"name\"|[a-z \\n'\"{}:]){0,30}",
        entry in prop::sample::select(vec!["main.go", "app.py", "src/main.rs", "index.js", "index.html"]),
    ) {
        let (manifest, entry) = (format!("{folder}{manifest}"), format!("{folder}{entry}"));
        let mut tree = tree(&[(&manifest, &text), (&entry, "")]);
        tree.name = name;
        tree.branch = branch;
        read_back(&tree);
    }
}
