//! What a child gets, and how its end is told.

use std::io::{Read, Write};
use std::os::fd::OwnedFd;

use shipway_process::{Command, Exit, SpawnError, Stdio};
use tokio::io::AsyncWriteExt;

use crate::support::{BOTH, By, groups, lines, sh};

#[tokio::test]
async fn the_end_is_told() {
    for (script, expected) in
        [("exit 0", Exit::Code(0)), ("exit 7", Exit::Code(7)), ("kill -TERM $$", Exit::Signal(15))]
    {
        let mut child = sh(By::Cgroup, script).spawn().unwrap();
        assert_eq!(child.wait().await.unwrap(), expected);
        assert_eq!(child.try_wait().unwrap(), Some(expected));
        assert_eq!(child.wait().await.unwrap(), expected);
        child.kill_all().await.unwrap();
    }
}

#[tokio::test]
async fn the_environment_is_exact() {
    let mut child = Command::new("test", "/usr/bin/env")
        .env("A", "1")
        .env("B", "two words")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = lines(&mut child);
    let mut found = Vec::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        found.push(line);
    }
    found.retain(|line| !line.starts_with("SHIPWAY_CONTAINMENT="));
    assert_eq!(found, ["A=1", "B=two words"]);
    child.kill_all().await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_started_is_named_and_leaves_nothing() {
    for by in BOTH {
        let command = |program: &str| Command::new("nope", program).use_cgroups(by == By::Cgroup);
        let error = command("/no/such/program").spawn().unwrap_err();
        assert_eq!(error.to_string(), "cannot run `/no/such/program`: no such program");
        let error = command("/bin/true").dir("/no/such/dir").spawn().unwrap_err();
        assert_eq!(error.to_string(), "cannot run `/bin/true`: there is no folder /no/such/dir");
        let error = command("/etc/passwd").spawn().unwrap_err();
        assert!(matches!(error, SpawnError::Io { .. }), "{error}");
    }
    assert_eq!(groups("shipway.nope."), Vec::<String>::new());
}

#[tokio::test]
async fn a_program_is_looked_up_in_the_path_that_is_set() {
    let folder = tempfile::tempdir().unwrap();
    let path = format!("/no/such/folder::{}:/usr/bin:/bin", folder.path().display());
    let start = |name: &str| Command::new("test", name).env("PATH", "/bin").env("PATH", &path);
    let error = start("tool").spawn().unwrap_err();
    assert_eq!(error.to_string(), "cannot run `tool`: no such program");
    // Without `#!`, as a shell would run it; the last value of PATH counts.
    let tool = folder.path().join("tool");
    std::fs::write(&tool, "exit $1").unwrap();
    let error = start("tool").spawn().unwrap_err();
    assert!(matches!(error, SpawnError::Io { .. }), "it must not be executed: {error}");
    std::fs::set_permissions(&tool, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut child = start("tool").arg("6").spawn().unwrap();
    assert_eq!(child.wait().await.unwrap(), Exit::Code(6));
    child.kill_all().await.unwrap();
}

#[tokio::test]
async fn many_threads_start_children_at_once() {
    let start = |code: u8| {
        let mut child = sh(By::Cgroup, &format!("exit {code}")).spawn().unwrap();
        while child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        (child.try_wait().unwrap(), Some(Exit::Code(code.into())))
    };
    let (said, expected): (Vec<_>, Vec<_>) = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..40).map(|code| scope.spawn(move || start(code))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).unzip()
    });
    assert_eq!(said, expected);
}

#[tokio::test]
async fn what_has_a_zero_byte_is_refused() {
    let error = sh(By::Cgroup, "true").arg("a\0b").spawn().unwrap_err();
    assert!(matches!(error, SpawnError::Io { .. }), "{error}");
}

#[tokio::test]
async fn descriptors_arrive_under_their_numbers() {
    let mut files: Vec<std::fs::File> = Vec::new();
    let mut command = sh(By::Cgroup, "echo three >&3; echo four >&4; echo nine >&9");
    for target in [4, 3, 9] {
        let file = tempfile::tempfile().unwrap();
        files.push(file.try_clone().unwrap());
        command = command.inherit(OwnedFd::from(file), target);
    }
    let mut child = command.spawn().unwrap();
    assert_eq!(child.wait().await.unwrap(), Exit::Code(0));
    let read = |file: &mut std::fs::File| {
        let mut text = String::new();
        std::io::Seek::rewind(file).unwrap();
        file.read_to_string(&mut text).unwrap();
        text
    };
    let texts: Vec<String> = files.iter_mut().map(read).collect();
    assert_eq!(texts, ["four\n", "three\n", "nine\n"]);
    child.kill_all().await.unwrap();
}

#[tokio::test]
async fn a_failed_exec_is_reported_although_descriptors_are_handed_over() {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"kept").unwrap();
    let command = (3..40).fold(Command::new("test", "/no/such/program"), |command, target| {
        command.inherit(OwnedFd::from(file.try_clone().unwrap()), target)
    });
    assert!(matches!(command.spawn(), Err(SpawnError::NoProgram { .. })));
    assert_eq!(file.metadata().unwrap().len(), 4);
}

#[tokio::test]
async fn nothing_else_is_inherited() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut child = sh(By::Cgroup, "ls /proc/self/fd | tr '\\n' ' '").spawn().unwrap();
    let line = lines(&mut child).next_line().await.unwrap().unwrap();
    // The fourth is ls reading the folder.
    assert_eq!(line, "0 1 2 3 ");
    drop(listener);
    child.kill_all().await.unwrap();
}

#[tokio::test]
async fn stdin_is_a_pipe_if_wanted() {
    let mut child = sh(By::Cgroup, "exec cat").stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.take_stdin().unwrap().unwrap();
    stdin.write_all(b"hello\n").await.unwrap();
    drop(stdin);
    assert_eq!(lines(&mut child).next_line().await.unwrap().unwrap(), "hello");
    assert_eq!(child.wait().await.unwrap(), Exit::Code(0));
    child.kill_all().await.unwrap();
}

#[tokio::test]
async fn signals_are_as_they_are_by_default() {
    let mut child = sh(By::Cgroup, "grep -E 'Sig(Ign|Blk)' /proc/self/status").spawn().unwrap();
    let mut lines = lines(&mut child);
    while let Some(line) = lines.next_line().await.unwrap() {
        // Signals 32 and 33 belong to the C library, which lets nobody set them.
        let mask = u64::from_str_radix(line.split_once('\t').unwrap().1, 16).unwrap();
        assert_eq!(mask & 0x7fff_ffff, 0, "{line}");
    }
    child.kill_all().await.unwrap();
}
