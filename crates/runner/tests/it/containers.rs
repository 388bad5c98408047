//! Jobs in containers, their services, and actions that are containers, with a
//! real daemon.

mod ends;

use std::ffi::OsString;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use shipway_runner::client::{Workers, run_job};
use shipway_runner::protocol::{CacheMode, JobResult, Secret, Services};
use shipway_sim::dockerd::Dockerd;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::dockerd::{command, workers};
use crate::registry::Registry;
use crate::support::{Heard, Run, collect};

/// Runs job `j`; nothing of it may be left.
async fn job(run: &Run, dockerd: &Dockerd, text: &str) -> Heard {
    let (heard, events) = mpsc::channel(16);
    let message = run.message("j", text);
    let effect = message.effect.clone();
    let workers = workers(dockerd);
    let job = run_job(&workers, message, heard, CancellationToken::new());
    let (outcome, events) = tokio::join!(job, collect(events));
    assert_eq!(dockerd.left(Some(&effect)), Vec::<String>::new());
    Heard { outcome, events }
}

/// A job `j` with these lines before its steps.
fn workflow(keys: &str, steps: &str) -> String {
    let indent = |text: &str, by: &str| -> String {
        text.lines().map(|line| format!("{by}{line}\n")).collect()
    };
    let (keys, steps) = (indent(keys, "    "), indent(steps, "      "));
    format!("on: push\njobs:\n  j:\n    runs-on: x\n{keys}    steps:\n{steps}")
}

macro_rules! dockerd {
    () => {
        match Dockerd::get() {
            Some(dockerd) => dockerd,
            None => return,
        }
    };
}

use dockerd;

const JOB: &str = "container: shipway/busybox:1";

#[tokio::test]
async fn steps_run_in_the_container_with_its_paths() {
    let dockerd = dockerd!();
    let run = Run::new();
    let heard = job(
        &run,
        dockerd,
        &workflow(
            "container: {image: 'shipway/busybox:1', env: {COLOUR: red}}\n\
             outputs: {of: '${{ steps.s.outputs.of }}'}",
            "- uses: actions/checkout@v4
- id: s
  run: |
    echo \"$GITHUB_WORKSPACE ${{ github.workspace }} $PWD\"
    echo \"$RUNNER_TEMP $RUNNER_TOOL_CACHE $HOME $GITHUB_EVENT_PATH $CI $GITHUB_ACTIONS\"
    echo \"${{ runner.temp }} ${{ runner.tool_cache }} $COLOUR [$LANG]\"
    test -f \"$GITHUB_EVENT_PATH\" && cat README.md
    echo of=here >> \"$GITHUB_OUTPUT\"; echo LATER=yes >> \"$GITHUB_ENV\"
    mkdir tools; printf '#!/bin/sh\\necho found' > tools/mine; chmod +x tools/mine
    echo \"$PWD/tools\" >> \"$GITHUB_PATH\"
- run: mine; echo $LATER ${{ steps.s.outputs.of }} ${{ hashFiles('README.md') != '' }}
- run: echo \"${BASH_VERSION:-no bash}\"
- {run: pwd, working-directory: /tmp}
- {run: exit 3, continue-on-error: true, id: bad}
- run: echo ${{ steps.bad.outcome }}",
        ),
    )
    .await;
    assert_eq!(heard.result(), JobResult::Success, "{}", heard.log());
    assert_eq!(heard.outputs(), [("of".to_owned(), "here".to_owned())]);
    let output = heard.output();
    let output = output.split_once('\n').unwrap().1;
    insta::assert_snapshot!(output, @r"
    /__w/shop/shop /__w/shop/shop /__w/shop/shop
    /__w/_temp /__t /github/home /github/workflow/event.json true true
    /__w/_temp /__t red []
    first
    found
    yes here true
    no bash
    /tmp
    failure
    ");
    assert_eq!(heard.reports()[5].reason.as_deref(), Some("Process completed with exit code 3."));
}

#[tokio::test]
async fn annotations_and_matchers_name_files_as_the_container_does() {
    let dockerd = dockerd!();
    let run = Run::new();
    let steps = r#"- uses: actions/checkout@v4
- run: |
    echo '{"problemMatcher": [{"owner": "o", "pattern": [{"regexp": "^(.*): (.*)$", "file": 1, "message": 2}]}]}' > m.json
    echo "::error file=$PWD/README.md::told"
    echo "::add-matcher::$PWD/m.json"
    echo "$PWD/README.md: found"
- uses: docker://shipway/busybox:1
  with:
    entrypoint: /bin/sh
    args: -c "echo /github/workspace/README.md':' inside; echo '::remove-matcher::/github/workspace/m.json'""#;
    let heard = job(&run, dockerd, &workflow(JOB, steps)).await;
    assert_eq!(heard.result(), JobResult::Success, "{}", heard.log());
    let annotations = heard.annotations();
    let found: Vec<_> =
        annotations.iter().map(|a| (a.file.as_deref(), a.message.as_str())).collect();
    let file = Some("README.md");
    assert_eq!(found, [(file, "told"), (file, "found"), (file, "inside")]);
}

#[tokio::test]
async fn bash_runs_when_it_is_asked_for() {
    let dockerd = dockerd!();
    let steps = "- {run: 'echo ${BASH_VERSION%%.*} $-; false | true', shell: bash}";
    let run = Run::new();
    let heard = job(&run, dockerd, &workflow("container: shipway/glibc:1", steps)).await;
    assert_eq!(heard.result(), JobResult::Failure);
    assert!(heard.output().starts_with("5 e"), "{}", heard.output());
}

#[tokio::test]
async fn options_are_those_of_docker_create() {
    let dockerd = dockerd!();
    let run = Run::new();
    let options = "--hostname box --user 1000:1000 --env A=1 --add-host there:10.9.8.7 --cpus 0.5 \
                   --memory 64m --tmpfs /fast --ulimit nofile=99:99 --network-alias other \
                   --volume named:/named --label mine=yes";
    let heard = job(
        &run,
        dockerd,
        &workflow(
            &format!(
                "container:\n  image: shipway/busybox:1\n  options: {options}\n  \
                 volumes: [/anonymous, '/etc/hostname:/host:ro']"
            ),
            "- run: |
    echo $(hostname) $(id -u):$(id -g) $A $(ulimit -n) $(grep there /etc/hosts)
    mount | grep -o ' /fast type tmpfs'
    for folder in /named /anonymous /host; do mount | grep -o \" $folder type\"; done",
        ),
    )
    .await;
    assert_eq!(heard.result(), JobResult::Success, "{}", heard.log());
    insta::assert_snapshot!(heard.output(), @r"
    box 1000:1000 1 99 10.9.8.7 there
     /fast type tmpfs
     /named type
     /anonymous type
     /host type
    ");
    assert_eq!(dockerd.docker(&["volume", "ls", "--quiet", "--filter", "name=named"]), "");
}

#[tokio::test]
async fn services_have_names_and_ports_and_their_log_is_shown() {
    let dockerd = dockerd!();
    let run = Run::new();
    let services = "services:
  web:
    image: shipway/busybox:1
    env: {WORD: hello}
    ports: [8080, '8081/tcp']
    entrypoint: sh
    command: -c \"echo serving; mkdir /www; echo $WORD > /www/index.html; httpd -f -p 8080 -h /www\"
    options: --health-cmd \"wget -q -O - localhost:8080\" --health-interval 1s --health-retries 20
  left-out:
    image: ${{ '' }}";
    let steps = "- run: |
    test -n '${{ job.services.web.id }}' && test -n '${{ job.container.network }}'
    echo '${{ toJSON(job.services.left-out) }}'
    exec 3<>/dev/tcp/127.0.0.1/${{ job.services.web.ports['8080'] }}
    printf 'GET /index.html HTTP/1.0\\r\\n\\r\\n' >&3; tail -n 1 <&3
  shell: bash";
    let heard = job(&run, dockerd, &workflow(services, steps)).await;
    assert_eq!(heard.result(), JobResult::Success, "{}", heard.log());
    assert_eq!(heard.output(), "null\nhello\n");
    assert!(heard.log().contains("web service is healthy."), "{}", heard.log());
    assert!(heard.log().contains("Print service container logs: web"), "{}", heard.log());
    assert!(heard.log().contains("\nserving\n"), "{}", heard.log());

    let steps = "- run: wget -q -O - http://web:8080/";
    let heard = job(&run, dockerd, &workflow(&format!("{JOB}\n{services}"), steps)).await;
    assert_eq!(heard.output(), "hello\n", "{}", heard.log());
}

#[tokio::test]
async fn a_service_that_is_not_well_fails_the_job() {
    let dockerd = dockerd!();
    let run = Run::new();
    let services = "services:
  db:
    image: shipway/busybox:1
    entrypoint: sh
    command: -c \"echo no disk; sleep 1000\"
    options: --health-cmd false --health-interval 200ms --health-retries 2";
    let steps = "- run: echo not reached\n- {if: always(), run: echo cleaning}";
    let heard = job(&run, dockerd, &workflow(services, steps)).await;
    assert_eq!(heard.result(), JobResult::Failure);
    assert_eq!(heard.reason(), "not begun: One or more containers failed to start.");
    assert_eq!(heard.output(), "cleaning\n");
    assert!(heard.log().contains("Service container db failed."), "{}", heard.log());
    assert!(heard.log().contains("\nno disk\n"), "{}", heard.log());
    let messages: Vec<&str> = heard.annotations().iter().map(|a| a.message.as_str()).collect();
    assert!(messages.contains(&"Failed to initialize container shipway/busybox:1"));
}

#[tokio::test]
async fn what_cannot_be_pulled_says_what_to_do() {
    let dockerd = dockerd!();
    let run = Run::new();
    let keys = "container:\n  image: 127.0.0.1:1/private:1\n  \
                credentials: {username: me, password: hunter2}";
    let steps = "- run: echo not reached\n- {if: always(), run: echo not either}";
    let heard = job(&run, dockerd, &workflow(keys, steps)).await;
    assert_eq!(heard.result(), JobResult::Failure);
    assert_eq!(heard.output(), "");
    let reason = heard.reason();
    assert!(reason.contains("cannot pull the image 127.0.0.1:1/private:1"), "{reason}");
    assert!(
        reason.contains("The registry cannot be reached. An image that is already"),
        "{reason}"
    );
    assert!(!format!("{:?}", heard.events).contains("hunter2"));
    assert_eq!(heard.reports()[1].reason.as_deref(), Some("the job's container was not started"));
}

#[tokio::test]
async fn wrong_options_are_refused_with_their_place_before_anything_is_asked_of_docker() {
    let run = Run::new();
    let keys = "container:\n  image: x\n  options: --cpus 1 --network host";
    let heard = run.job("j", &workflow(keys, "- run: echo not reached")).await;
    assert_eq!(heard.result(), JobResult::Failure);
    insta::assert_snapshot!(heard.reason(), @"not begun: .github/workflows/w.yml:7:16: not supported yet: in `options`, --network cannot be given: the job has a network of its own, which every container of it is in (at character 10 of the options)");
}

#[tokio::test]
async fn an_action_in_docker_has_the_folders_and_the_files() {
    let dockerd = dockerd!();
    let run = Run::new();
    run.commit(
        "act/action.yml",
        "name: a
inputs: {who: {default: world}}
runs:
  using: docker
  image: Dockerfile
  args: ['${{ inputs.who }}', 'two words']
  env: {GREETING: hello, GIVEN: action, OF_JOB: action}
  pre-entrypoint: /before
  post-entrypoint: /after
",
    );
    run.commit(
        "act/Dockerfile",
        "FROM shipway/busybox:1\nCOPY main before after /\nENTRYPOINT [\"/main\"]\n",
    );
    let script = "#!/bin/sh
echo \"$GREETING $1 [$2] $GIVEN $OF_JOB $INPUT_WHO $PWD\"
echo \"$GITHUB_WORKSPACE $HOME $RUNNER_TEMP $GITHUB_EVENT_PATH\"
test -f README.md && test -f \"$GITHUB_EVENT_PATH\"
echo said=$1 >> \"$GITHUB_OUTPUT\"; echo mark=set >> \"$GITHUB_STATE\"
mkdir -p dir/sub; echo '::warning::careful'
";
    run.commit("act/main", script);
    run.commit("act/before", "#!/bin/sh\necho before\n");
    run.commit("act/after", "#!/bin/sh\necho after $STATE_mark\n");
    for file in ["main", "before", "after"] {
        run.git(&["update-index", "--chmod=+x", &format!("act/{file}")]);
    }
    run.git(&["commit", "--quiet", "--message", "executable"]);
    let steps = "- uses: actions/checkout@v4
- id: a
  uses: ./act
  with: {who: you}
  env: {GIVEN: step}
- run: test -d dir/sub && echo '${{ steps.a.outputs.said }}'
- uses: docker://shipway/busybox:1
  with: {entrypoint: /bin/echo, args: 'plain \"and quoted\"'}
- {uses: ./act, continue-on-error: true, with: {who: again}}";
    let heard = job(&run, dockerd, &workflow("env: {OF_JOB: job}", steps)).await;
    assert_eq!(heard.result(), JobResult::Success, "{}", heard.log());
    let output = heard.output();
    insta::assert_snapshot!(output.split_once('\n').unwrap().1, @r"
    hello you [two words] step job you /github/workspace
    /github/workspace /github/home /github/runner_temp /github/workflow/event.json
    you
    plain and quoted
    hello again [two words] action job again /github/workspace
    /github/workspace /github/home /github/runner_temp /github/workflow/event.json
    after set
    after set
    ");
    let told: Vec<&str> = heard.annotations().iter().map(|a| a.message.as_str()).collect();
    let no_pre = "`pre` execution is not supported for local action from './act'";
    assert_eq!(told, [no_pre, "careful", no_pre, "careful"]);
    // Built once.
    assert_eq!(heard.log().matches("Building docker image").count(), 1, "{}", heard.log());
}

#[tokio::test]
async fn an_action_in_docker_is_in_the_network_of_the_job() {
    let dockerd = dockerd!();
    let run = Run::new();
    let services = "services:
  web:
    image: shipway/busybox:1
    entrypoint: sh
    command: -c \"echo hello > /tmp/index.html; httpd -f -p 80 -h /tmp\"";
    let steps = "- uses: docker://shipway/busybox:1
  with: {args: wget -q -O - http://web/}";
    let heard = job(&run, dockerd, &workflow(services, steps)).await;
    assert_eq!(heard.output(), "hello\n", "{}", heard.log());
}

#[tokio::test]
async fn a_failed_build_or_action_fails_the_step() {
    let dockerd = dockerd!();
    let run = Run::new();
    run.commit("bad/action.yml", "name: b\nruns: {using: docker, image: Dockerfile}\n");
    run.commit("bad/Dockerfile", "FROM shipway/busybox:1\nRUN echo trying; exit 4\n");
    let steps = "- uses: actions/checkout@v4
- {uses: ./bad, continue-on-error: true}
- {uses: 'docker://shipway/busybox:1', with: {args: sh -c \"exit 5\"}}";
    let heard = job(&run, dockerd, &workflow("", steps)).await;
    let reasons: Vec<_> = heard.reports().iter().filter_map(|r| r.reason.clone()).collect();
    assert!(reasons[0].contains("returned a non-zero code: 4"), "{reasons:?}");
    assert_eq!(reasons[1], "Process completed with exit code 5.");
    assert!(heard.log().contains("trying"), "{}", heard.log());
}

#[tokio::test]
async fn javascript_runs_with_the_runners_node_or_says_why_not() {
    let dockerd = dockerd!();
    let run = Run::new();
    run.commit("js/action.yml", "name: j\nruns: {using: node20, main: main.js}\n");
    run.commit(
        "js/main.js",
        "console.log(process.execPath, __dirname, process.env.GITHUB_WORKSPACE, process.cwd());",
    );
    let steps = "- uses: actions/checkout@v4\n- uses: ./js";
    let heard = job(&run, dockerd, &workflow("container: shipway/glibc:1", steps)).await;
    assert_eq!(heard.result(), JobResult::Success, "{}", heard.log());
    let output = heard.output();
    let expected = "/__e/node/bin/node /__w/shop/shop/js /__w/shop/shop /__w/shop/shop";
    assert_eq!(output.lines().last(), Some(expected));

    let heard = job(&run, dockerd, &workflow(JOB, steps)).await;
    assert_eq!(heard.result(), JobResult::Failure);
    let reason = heard.reason();
    assert!(reason.contains("cannot run in the image shipway/busybox:1"), "{reason}");
    assert!(reason.contains("the image has no `node`"), "{reason}");
}

#[tokio::test]
async fn a_private_image_is_pulled_with_the_credentials_of_the_workflow_alone() {
    let dockerd = dockerd!();
    let mut run = Run::new();
    // In base64, it has every letter that the alphabets write differently.
    let password = "~~~???>>>ÿÿÿ";
    run.secrets.insert("PASSWORD".to_owned(), Secret::new(password));
    let registry = Registry::start("octo", password).await;
    let image = registry.image();
    let keys = |password: &str| {
        format!(
            "container:\n  image: {image}\n  \
             credentials: {{username: octo, password: '{password}'}}"
        )
    };
    let steps = "- run: echo pulled";
    let heard = job(&run, dockerd, &workflow(&keys("wrong"), steps)).await;
    assert_eq!(heard.result(), JobResult::Failure, "{}", heard.log());
    assert!(
        heard.reason().contains("Check that the image exists and that the"),
        "{}",
        heard.reason()
    );

    let heard = job(&run, dockerd, &workflow(&format!("container: {image}"), steps)).await;
    assert!(heard.reason().contains("give `credentials`"), "{}", heard.reason());

    let heard = job(&run, dockerd, &workflow(&keys("${{ secrets.PASSWORD }}"), steps)).await;
    assert_eq!(heard.output(), "pulled\n", "{}", heard.log());
    assert!(heard.log().contains(&format!("Pulling {image}")), "{}", heard.log());
    assert!(heard.log().contains("Pull complete"), "{}", heard.log());

    // It is there now: nobody is asked any more.
    drop(registry);
    let heard = job(&run, dockerd, &workflow(&format!("container: {image}"), steps)).await;
    assert_eq!(heard.output(), "pulled\n", "{}", heard.log());
    dockerd.docker(&["image", "rm", &image]);
}

#[tokio::test]
async fn files_of_a_containers_root_belong_to_the_user_in_the_end() {
    let dockerd = dockerd!();
    let user = 1000;
    let socket = dockerd.host().trim_start_matches("unix://").to_owned();
    std::fs::set_permissions(socket, std::fs::Permissions::from_mode(0o666)).unwrap();
    let steps = "- run: mkdir -p by/step && touch by/step/file && chmod 700 by
- uses: docker://shipway/busybox:1
  with: {args: sh -c \"mkdir -p by/action && touch by/action/file\"}";
    for keys in [JOB, ""] {
        let run = Run::new();
        let steps = if keys.is_empty() { steps.split_once('\n').unwrap().1 } else { steps };
        let message = run.message("j", &workflow(keys, steps));
        let workspace = message.folders.workspace.clone();
        let effect = message.effect.clone();
        let own = run.path("");
        std::os::unix::fs::chown(&own, Some(user), Some(user)).unwrap();
        let chown =
            std::process::Command::new("chown").args(["-R", "1000:1000"]).arg(&own).status();
        assert!(chown.unwrap().success());
        let mut command = command(dockerd);
        let ids = ["--reuid=1000", "--regid=1000", "--clear-groups"].map(OsString::from);
        command.args = ids.into_iter().chain([command.program.into_os_string()]).collect();
        command.program = "/usr/bin/setpriv".into();
        let (heard, events) = mpsc::channel(16);
        let workers = Workers::new(command, "docker-test-user");
        let job = run_job(&workers, message, heard, CancellationToken::new());
        let (outcome, events) = tokio::join!(job, collect(events));
        let heard = Heard { outcome, events };
        assert_eq!(heard.result(), JobResult::Success, "{}", heard.log());
        assert_eq!(dockerd.left(Some(&effect)), Vec::<String>::new());
        let found = std::process::Command::new("find").arg(&workspace).output().unwrap();
        let found = String::from_utf8(found.stdout).unwrap();
        assert!(found.contains("by/action/file"), "{found}");
        for path in found.lines() {
            assert_eq!(std::fs::symlink_metadata(path).unwrap().uid(), user, "{path}");
        }
        std::fs::remove_dir_all(workspace).unwrap();
    }
}

#[tokio::test]
async fn actions_in_containers_reach_the_service_that_listens_on_the_machine_alone() {
    let dockerd = dockerd!();
    let run = Run::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let count = stream.read(&mut request).await.unwrap();
            let request = String::from_utf8_lossy(&request[..count]).into_owned();
            let path = request.split(' ').nth(1).unwrap();
            let body = format!("served {path}");
            let head = format!("HTTP/1.0 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
            stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
        }
    });
    run.commit("js/action.yml", "name: j\nruns: {using: node20, main: main.js}\n");
    run.commit(
        "js/main.js",
        "require('http').get(process.env.ACTIONS_RESULTS_URL + 'from-node', (answer) =>
           answer.on('data', (data) => console.log(String(data))));",
    );
    let docker = "- uses: docker://shipway/busybox:1
  with: {entrypoint: sh, args: '-c \"wget -q -O - ${ACTIONS_RESULTS_URL}from-docker; echo\"'}";
    let node = "- uses: actions/checkout@v4\n- uses: ./js";
    let cases = [("", docker), ("container: shipway/glibc:1", node), (JOB, docker)];
    for (keys, steps) in cases {
        let mut message = run.message("j", &workflow(keys, steps));
        message.services = Some(Services {
            url: url.clone(),
            token: Secret::new("runtime"),
            cache_mode: CacheMode::Read,
            id_token: None,
        });
        let (heard, events) = mpsc::channel(16);
        let workers = workers(dockerd);
        let job = run_job(&workers, message, heard, CancellationToken::new());
        let (outcome, events) = tokio::join!(job, collect(events));
        let heard = Heard { outcome, events };
        assert_eq!(heard.result(), JobResult::Success, "{keys}: {}", heard.log());
        assert!(heard.output().contains("served /from-"), "{keys}: {}", heard.log());
    }
    serving.abort();
}
