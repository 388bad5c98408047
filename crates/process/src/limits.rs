//! What a child may use at most, and what of that is enforced.

/// What a child, with everything it starts, may use at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Bytes of memory, swap included.
    pub memory_max: Option<u64>,
    /// Thousandths of a CPU.
    pub cpu_milli: Option<u32>,
    /// Processes and threads at one time.
    pub pids: Option<u32>,
}

/// Which of the [`Limits`] asked for the system enforces. A limit that was not
/// asked for is not enforced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Enforced {
    /// [`Limits::memory_max`].
    pub memory: bool,
    /// [`Limits::cpu_milli`].
    pub cpu: bool,
    /// [`Limits::pids`].
    pub pids: bool,
}

impl Enforced {
    /// The names of the limits that were asked for and are not enforced, for
    /// a warning.
    pub fn missing(&self, asked: &Limits) -> Vec<&'static str> {
        let all = [
            ("memory", asked.memory_max.is_some() && !self.memory),
            ("cpu", asked.cpu_milli.is_some() && !self.cpu),
            ("pids", asked.pids.is_some() && !self.pids),
        ];
        all.into_iter().filter(|(_, missing)| *missing).map(|(name, _)| name).collect()
    }
}
