//! What a person is told, word for word.

use super::tree::{problems, smallest};

#[test]
fn every_problem_at_once_with_its_place_and_a_suggestion() {
    let text = "\
project: shop
services:
  api:
    path: services/apy
    uses: [shared, wroker]
    run: ./bin/api
    helth: /health
    drain: 30
  worker:
    port: no
environmens:
  prod: {}
";
    insta::assert_snapshot!(problems(text), @r"
    error[SW0509]: the repository has no folder `services/apy`
     --> shipway.yaml:4:11
      |
    4 |     path: services/apy
      |           ^^^^^^^^^^^^
      = help: did you mean `services/api`?

    error[SW0506]: `wroker` is neither a service nor a path in the repository
     --> shipway.yaml:5:20
      |
    5 |     uses: [shared, wroker]
      |                    ^^^^^^
      = help: did you mean `worker`?

    error[SW0501]: unknown key `helth`
     --> shipway.yaml:7:5
      |
    7 |     helth: /health
      |     ^^^^^
      = help: did you mean `health`?

    error[SW0504]: `30` is not a duration
     --> shipway.yaml:8:12
      |
    8 |     drain: 30
      |            ^^
      = help: write it like `250ms`, `30s`, `5m` or `1h30m`

    error[SW0503]: service `worker` needs `run`
     --> shipway.yaml:9:3
      |
    9 |   worker:
      |   ^^^^^^

    error[SW0502]: expected `true` or `false`, found `no`
      --> shipway.yaml:10:11
       |
    10 |     port: no
       |           ^^
       = help: did you mean `false`?

    error[SW0501]: unknown key `environmens`
      --> shipway.yaml:11:1
       |
    11 | environmens:
       | ^^^^^^^^^^^
       = help: did you mean `environments`?
    ");
}

#[test]
fn wrong_types_and_values() {
    let service = "\
replicas: two
health: {path: health, interval: 0s, retries: 0}
smoke:
resources: {memory: 256, cpu: lots}
stop: {signal: SIGTERM}
env: {PORT: 80, 1A: x, OK: [1]}
secrets: {TOKEN: hunter2, KEY: {file: key.pem}, BOTH: {env: A, file: /a}, NONE: {}}
";
    let environment = "\
listen: localhost
rollout: {blue_green: {bake: soon}, recreate: {}}
guard: {error_rate: {over: 5}, latency: {}, no_evidence: maybe}
";
    insta::assert_snapshot!(problems(&smallest(service, environment)), @r"
    error[SW0502]: expected a whole number, found a string
     --> shipway.yaml:5:15
      |
    5 |     replicas: two
      |               ^^^

    error[SW0504]: `health` is not the path of a URL
     --> shipway.yaml:6:20
      |
    6 |     health: {path: health, interval: 0s, retries: 0}
      |                    ^^^^^^
      = help: write it like `/health/ready`

    error[SW0504]: this has to be more than nothing
     --> shipway.yaml:6:38
      |
    6 |     health: {path: health, interval: 0s, retries: 0}
      |                                      ^^

    error[SW0504]: expected a number from 1 to 1000
     --> shipway.yaml:6:51
      |
    6 |     health: {path: health, interval: 0s, retries: 0}
      |                                                   ^

    error[SW0502]: expected text, and nothing is here
     --> shipway.yaml:7:5
      |
    7 |     smoke:
      |     ^^^^^
      = help: give it a value, or remove the key

    error[SW0504]: `256` is not a size
     --> shipway.yaml:8:25
      |
    8 |     resources: {memory: 256, cpu: lots}
      |                         ^^^
      = help: write it like `256MiB`, `1GiB` or `500MB`

    error[SW0504]: `lots` is not a number of CPUs
     --> shipway.yaml:8:35
      |
    8 |     resources: {memory: 256, cpu: lots}
      |                                   ^^^^
      = help: write it like `0.5`, `2` or `500m`

    error[SW0504]: `SIGTERM` means nothing here
     --> shipway.yaml:9:20
      |
    9 |     stop: {signal: SIGTERM}
      |                    ^^^^^^^
      = help: known here: `TERM`, `INT`, `QUIT`, `HUP`, `USR1`, `USR2`

    error[SW0505]: `PORT` is set by Shipway itself
      --> shipway.yaml:10:11
       |
    10 |     env: {PORT: 80, 1A: x, OK: [1]}
       |           ^^^^

    error[SW0505]: `1A` is not the name of an environment variable
      --> shipway.yaml:10:21
       |
    10 |     env: {PORT: 80, 1A: x, OK: [1]}
       |                     ^^
       = help: letters, digits and `_`, beginning with no digit

    error[SW0502]: expected text, found a list
      --> shipway.yaml:10:32
       |
    10 |     env: {PORT: 80, 1A: x, OK: [1]}
       |                                ^^^

    error[SW0502]: a secret's value has no place in this file
      --> shipway.yaml:11:22
       |
    11 |     secrets: {TOKEN: hunter2, KEY: {file: key.pem}, BOTH: {env: A, file: /a}, NONE: {}}
       |                      ^^^^^^^
       = help: write where it is: `{env: NAME}` or `{file: /path}`

    error[SW0504]: `key.pem` is not an absolute path
      --> shipway.yaml:11:43
       |
    11 |     secrets: {TOKEN: hunter2, KEY: {file: key.pem}, BOTH: {env: A, file: /a}, NONE: {}}
       |                                           ^^^^^^^
       = help: secrets are kept outside of the repository, for example in `/etc/…`

    error[SW0510]: `env` and `file` exclude each other
      --> shipway.yaml:11:68
       |
    11 |     secrets: {TOKEN: hunter2, KEY: {file: key.pem}, BOTH: {env: A, file: /a}, NONE: {}}
       |                                                                    ^^^^
       |
    11 |     secrets: {TOKEN: hunter2, KEY: {file: key.pem}, BOTH: {env: A, file: /a}, NONE: {}}
       |                                                            --- the other one

    error[SW0503]: a secret needs `env` or `file`
      --> shipway.yaml:11:79
       |
    11 |     secrets: {TOKEN: hunter2, KEY: {file: key.pem}, BOTH: {env: A, file: /a}, NONE: {}}
       |                                                                               ^^^^

    error[SW0504]: `localhost` is not an address
      --> shipway.yaml:15:13
       |
    15 |     listen: localhost
       |             ^^^^^^^^^
       = help: write it like `127.0.0.1:8080`, `0.0.0.0:80`, `[::1]:8080` or `8080`

    error[SW0504]: `soon` is not a duration
      --> shipway.yaml:16:34
       |
    16 |     rollout: {blue_green: {bake: soon}, recreate: {}}
       |                                  ^^^^
       = help: write it like `250ms`, `30s`, `5m` or `1h30m`

    error[SW0510]: `blue_green` and `recreate` exclude each other
      --> shipway.yaml:16:41
       |
    16 |     rollout: {blue_green: {bake: soon}, recreate: {}}
       |                                         ^^^^^^^^
       |
    16 |     rollout: {blue_green: {bake: soon}, recreate: {}}
       |               ---------- the other one

    error[SW0504]: `5` is not a percentage
      --> shipway.yaml:17:32
       |
    17 |     guard: {error_rate: {over: 5}, latency: {}, no_evidence: maybe}
       |                                ^
       = help: write it like `5%` or `0.5%`

    error[SW0503]: `latency` needs `p95` or `p99`
      --> shipway.yaml:17:36
       |
    17 |     guard: {error_rate: {over: 5}, latency: {}, no_evidence: maybe}
       |                                    ^^^^^^^

    error[SW0504]: `maybe` means nothing here
      --> shipway.yaml:17:62
       |
    17 |     guard: {error_rate: {over: 5}, latency: {}, no_evidence: maybe}
       |                                                              ^^^^^
       = help: known here: `accept`, `ask`, `wait`
    ");
}

#[test]
fn services_and_environments_that_are_not_there() {
    let text = "\
project: shop
services:
  api: {run: ./api, uses: [shared/lip.py]}
environments:
  staging: {branch: main}
  production:
    from: stagin
    services:
      apl: {replicas: 2}
";
    insta::assert_snapshot!(problems(text), @r"
    error[SW0506]: `shared/lip.py` is neither a service nor a path in the repository
     --> shipway.yaml:3:28
      |
    3 |   api: {run: ./api, uses: [shared/lip.py]}
      |                            ^^^^^^^^^^^^^
      = help: did you mean `shared/lib.py`?

    error[SW0507]: there is no environment `stagin`
     --> shipway.yaml:7:11
      |
    7 |     from: stagin
      |           ^^^^^^
      = help: did you mean `staging`?

    error[SW0506]: there is no service `apl`
     --> shipway.yaml:9:7
      |
    9 |       apl: {replicas: 2}
      |       ^^^
      = help: did you mean `api`?
    ");
}

#[test]
fn circles() {
    let text = "\
project: shop
services:
  a: {run: ./a, uses: [b]}
  b: {run: ./b, uses: [c]}
  c: {run: ./c, uses: [shared, b]}
  d: {run: ./d, uses: [d]}
environments:
  one: {from: three}
  two: {from: one}
  three: {from: two}
  four: {from: four}
";
    insta::assert_snapshot!(problems(text), @r"
    error[SW0508]: services use each other in a circle: b → c → b
     --> shipway.yaml:4:23
      |
    4 |   b: {run: ./b, uses: [c]}
      |                       ^^^
      = help: move what they share into a folder that both use

    error[SW0508]: service `d` uses itself
     --> shipway.yaml:6:24
      |
    6 |   d: {run: ./d, uses: [d]}
      |                        ^

    error[SW0508]: environments follow each other in a circle: one → three → two → one
     --> shipway.yaml:8:15
      |
    8 |   one: {from: three}
      |               ^^^^^
      = help: one of them has to follow a branch, or nothing

    error[SW0508]: environment `four` follows itself
      --> shipway.yaml:11:16
       |
    11 |   four: {from: four}
       |                ^^^^
    ");
}

#[test]
fn files_and_folders_that_are_not_there() {
    let text = "\
project: shop
services:
  api:
    path: services/api
    run: ./api
    migrations: {dir: db/migration, apply: make migrate}
  worker: {path: Makefile, run: ./worker, port: false}
  up: {path: ../other, run: ./up}
environments:
  prod: {branch: main}
workflows:
  required: [ci.yaml]
";
    insta::assert_snapshot!(problems(text), @r"
    error[SW0509]: the repository has no folder `services/api/db/migration`
     --> shipway.yaml:6:23
      |
    6 |     migrations: {dir: db/migration, apply: make migrate}
      |                       ^^^^^^^^^^^^
      = help: did you mean `services/api/db/migrations`?

    error[SW0509]: `Makefile` is a file, not a folder
     --> shipway.yaml:7:18
      |
    7 |   worker: {path: Makefile, run: ./worker, port: false}
      |                  ^^^^^^^^

    error[SW0504]: `../other` leads out of the repository
     --> shipway.yaml:8:14
      |
    8 |   up: {path: ../other, run: ./up}
      |              ^^^^^^^^
      = help: write a path from the repository's root, with `/`

    error[SW0509]: the repository has no workflow `.github/workflows/ci.yaml`
      --> shipway.yaml:12:14
       |
    12 |   required: [ci.yaml]
       |              ^^^^^^^
       = help: did you mean `.github/workflows/ci.yml`?
    ");
}

#[test]
fn approvals_that_nobody_can_give() {
    let two_of_one = "approval: {required: 2, by: [alice, alice], unverified: true}";
    insta::assert_snapshot!(problems(&smallest("", two_of_one)), @r"
    error[SW0512]: nobody can approve: 2 have to agree, and one person may
     --> shipway.yaml:8:5
      |
    8 |     approval: {required: 2, by: [alice, alice], unverified: true}
      |     ^^^^^^^^
      = help: lower `required`, or name more people in `by`
    ");
    insta::assert_snapshot!(problems(&smallest("", "approval: {by: ['team:platform']}")), @r"
    error[SW0512]: nobody can approve: people are known by their login name only
     --> shipway.yaml:8:5
      |
    8 |     approval: {by: ['team:platform']}
      |     ^^^^^^^^
      = help: write `unverified: true` to let login names on this machine count; signing in is not available yet

    error[SW0513]: `team:platform`: teams are not available yet
     --> shipway.yaml:8:21
      |
    8 |     approval: {by: ['team:platform']}
      |                     ^^^^^^^^^^^^^^^
      = help: name the people by their login names
    ");
    insta::assert_snapshot!(problems(&smallest("", "approval: {required: 0, unverified: true}")), @r"
    error[SW0504]: expected a number from 1 to 50
     --> shipway.yaml:8:26
      |
    8 |     approval: {required: 0, unverified: true}
      |                          ^
    ");
}

#[test]
fn two_services_at_one_place() {
    let text = "\
project: shop
services:
  api: {run: ./api}
  web: {run: ./web}
environments:
  staging: {branch: main, services: {web: {path: /web}}, listen: 8080}
  production: {branch: main, services: {api: {listen: 127.0.0.1:8080, hosts: [a.example.org]}, web: {listen: 8080}}}
";
    insta::assert_snapshot!(problems(text), @r"
    error[SW0511]: `web` in `production` would answer at the same place as `api` in `staging`: 127.0.0.1:8080/
     --> shipway.yaml:7:110
      |
    7 |   production: {branch: main, services: {api: {listen: 127.0.0.1:8080, hosts: [a.example.org]}, web: {listen: 8080}}}
      |                                                                                                              ^^^^
      |
    6 |   staging: {branch: main, services: {web: {path: /web}}, listen: 8080}
      |                                                                  ---- taken here
      = help: give one of them another `listen`, `hosts` or `path`
    ");
}

#[test]
fn keys_that_exclude_each_other() {
    let service = "build: make\nartifact: dist\nport: false\nhealth: /ready\nenv: {A: 1}\nsecrets: {A: {env: B}}";
    insta::assert_snapshot!(problems(&smallest(service, "from: prod")), @r"
    error[SW0510]: `build` and `artifact` exclude each other
     --> shipway.yaml:6:5
      |
    6 |     artifact: dist
      |     ^^^^^^^^
      |
    5 |     build: make
      |     ----- the other one

    error[SW0510]: a service without a port cannot be asked for a path
     --> shipway.yaml:8:13
      |
    8 |     health: /ready
      |             ^^^^^^
      = help: remove the path, or `port: false`

    error[SW0510]: `A` is under `env` and under `secrets`
      --> shipway.yaml:10:15
       |
    10 |     secrets: {A: {env: B}}
       |               ^

    error[SW0510]: `branch` and `from` exclude each other
      --> shipway.yaml:14:5
       |
    14 |     from: prod
       |     ^^^^
       |
    13 |     branch: main
       |     ------ the other one

    error[SW0508]: environment `prod` follows itself
      --> shipway.yaml:14:11
       |
    14 |     from: prod
       |           ^^^^
    ");
}

#[test]
fn what_a_later_version_understands() {
    let text =
        smallest("image: {dockerfile: Dockerfile}", "target: kubernetes\nrollout: {canary: {}}");
    let text = format!("{text}notify: []\n");
    insta::assert_snapshot!(problems(&text), @"
    error[SW0513]: `image` is not available yet
     --> shipway.yaml:5:5
      |
    5 |     image: {dockerfile: Dockerfile}
      |     ^^^^^

    error[SW0513]: the target `kubernetes` is not available yet
     --> shipway.yaml:9:13
      |
    9 |     target: kubernetes
      |             ^^^^^^^^^^

    error[SW0513]: `canary` is not available yet
      --> shipway.yaml:10:15
       |
    10 |     rollout: {canary: {}}
       |               ^^^^^^

    error[SW0513]: `notify` is not available yet
      --> shipway.yaml:11:1
       |
    11 | notify: []
       | ^^^^^^
    ");
}

#[test]
fn no_mapping_at_all() {
    insta::assert_snapshot!(problems(""), @r"
    error[SW0503]: the file is empty
     --> shipway.yaml:1:1
      |
    1 | 
      | ^
      = help: `shipway init` writes a first one
    ");
    insta::assert_snapshot!(problems("- a\n"), @r"
    error[SW0502]: expected a mapping, found a list
     --> shipway.yaml:1:1
      |
    1 | - a
      | ^^^
    ");
    insta::assert_snapshot!(problems("project: shop\nservices: {}\nenvironments:\n"), @r"
    error[SW0503]: there is no service: at least one is needed
     --> shipway.yaml:2:11
      |
    2 | services: {}
      |           ^^

    error[SW0502]: expected a mapping, and nothing is here
     --> shipway.yaml:3:1
      |
    3 | environments:
      | ^^^^^^^^^^^^
      = help: give it a value, or remove the key
    ");
    insta::assert_snapshot!(problems("project: 'a b'\nservices: {a/b: {run: x}}\nenvironments: {e: {branch: 'release/*'}}\n"), @r"
    error[SW0505]: `a b` is not a project id
     --> shipway.yaml:1:10
      |
    1 | project: 'a b'
      |          ^^^^^
      = help: a name has letters, digits, `-`, `_` and `.` only

    error[SW0505]: `a/b` is not a service name
     --> shipway.yaml:2:12
      |
    2 | services: {a/b: {run: x}}
      |            ^^^
      = help: a name has letters, digits, `-`, `_` and `.` only

    error[SW0504]: `release/*` is not the name of one branch
     --> shipway.yaml:3:28
      |
    3 | environments: {e: {branch: 'release/*'}}
      |                            ^^^^^^^^^^^
      = help: an environment follows a single branch
    ");
}

#[test]
fn text_that_is_not_yaml_and_problems_of_its_own() {
    insta::assert_snapshot!(problems("project: [\n"), @r"
    error[SW0101]: unclosed bracket '['
     --> shipway.yaml:1:10
      |
    1 | project: [
      |          ^
    ");
    insta::assert_snapshot!(problems("project: a\nproject: b\nservice: {}\n"), @r"
    error[SW0503]: the file needs `environments`
     --> shipway.yaml:1:1
      |
    1 | project: a
      | ^

    error[SW0102]: key `project` is already defined
     --> shipway.yaml:2:1
      |
    2 | project: b
      | ^^^^^^^
      |
    1 | project: a
      | ------- first defined here

    error[SW0501]: unknown key `service`
     --> shipway.yaml:3:1
      |
    3 | service: {}
      | ^^^^^^^
      = help: did you mean `services`?
    ");
}
