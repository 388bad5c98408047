//! The engine is killed with SIGKILL at every point of every effect, and the
//! next command goes on: the deployment ends as the effect's class promises.

#[cfg(feature = "failpoints")]
mod every;
#[cfg(feature = "failpoints")]
mod lost;
#[cfg(feature = "failpoints")]
mod project;
#[cfg(feature = "failpoints")]
mod world;

#[cfg(not(feature = "failpoints"))]
#[test]
fn skipped() {
    eprintln!("skipped: crash tests need `--features shipway-cli/failpoints` (`make unit`)");
}
