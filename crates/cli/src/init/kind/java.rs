//! Java and Kotlin: Maven and Gradle.

use super::super::Found;
use super::super::folder::{Folder, is_word, xml_text};
use super::{Sighting, recipe, service};

pub(super) fn look(folder: Folder) -> Option<Sighting> {
    maven(folder).or_else(|| gradle(folder))
}

fn maven(folder: Folder) -> Option<Sighting> {
    let manifest = folder.text("pom.xml")?;
    if manifest.contains("<modules>") {
        return Some(Sighting::Workspace);
    }
    // The parent's name and version come first and are not this one's.
    let own = manifest.split_once("</parent>").map_or(manifest, |(_, own)| own);
    let artifact =
        xml_text(own, "artifactId").filter(|name| is_word(name)).unwrap_or(folder.name());
    let version = xml_text(own.split("<dependencies>").next().unwrap_or(own), "version")
        .or_else(|| xml_text(manifest, "version"));
    let jar = match (xml_text(own, "finalName"), version) {
        (Some(name), _) if is_word(name) => format!("target/{name}.jar"),
        (None, Some(version)) if is_word(version) && is_word(artifact) => {
            format!("target/{artifact}-{version}.jar")
        }
        _ => "target/*.jar".to_owned(),
    };
    let program = if folder.has("mvnw") { "./mvnw" } else { "mvn" };
    let mut found = service(folder, artifact, "a Java program, built by Maven");
    found.build = recipe(format!("{program} --batch-mode -DskipTests package"), &["target/*.jar"]);
    found.tests = vec![format!("{program} --batch-mode verify")];
    run_jar(&mut found, manifest, &jar);
    Some(Sighting::Services(vec![found]))
}

fn gradle(folder: Folder) -> Option<Sighting> {
    let manifest = folder.text(folder.first(&["build.gradle", "build.gradle.kts"])?)?;
    let program = match () {
        () if folder.has("gradlew") => "./gradlew",
        () if folder.root_has("gradlew") && folder.path.contains('/') => "../../gradlew",
        () if folder.root_has("gradlew") => "../gradlew",
        () => "gradle",
    };
    let called = project_name(folder).unwrap_or(folder.name());
    let mut found = service(folder, called, "a Java program, built by Gradle");
    found.tests = vec![format!("{program} check")];
    if manifest.contains("org.springframework.boot") {
        found.build = recipe(format!("{program} bootJar"), &["build/libs/*.jar"]);
        run_jar(&mut found, manifest, "build/libs/*.jar");
    } else if has_plugin(manifest, "application") {
        found.build = recipe(format!("{program} installDist"), &["build/install/**"]);
        found.run = Some(format!("./build/install/{called}/bin/{called}"));
    } else if manifest.contains("subprojects") || manifest.contains("allprojects") {
        return Some(Sighting::Workspace);
    } else {
        return Some(Sighting::Library);
    }
    Some(Sighting::Services(vec![found]))
}

fn run_jar(found: &mut Found, manifest: &str, jar: &str) {
    let spring = manifest.contains("spring-boot") || manifest.contains("springframework.boot");
    found.run = Some(if spring {
        format!("java -Dserver.port=$PORT -jar {jar}")
    } else {
        format!("java -jar {jar}")
    });
    if manifest.contains("spring-boot-starter-actuator") {
        found.health = Some("/actuator/health");
    }
}

fn has_plugin(manifest: &str, name: &str) -> bool {
    manifest.lines().map(str::trim).any(|line| {
        line == name || line.contains(&format!("'{name}'")) || line.contains(&format!("\"{name}\""))
    })
}

fn project_name(folder: Folder<'_>) -> Option<&str> {
    let settings = folder.first(&["settings.gradle", "settings.gradle.kts"])?;
    let line = folder.text(settings)?.lines().find(|line| line.contains("rootProject.name"))?;
    line.split(['"', '\'']).nth(1).filter(|name| is_word(name))
}
