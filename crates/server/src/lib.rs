//! The async loop that carries the engine: inputs, effects, deadlines.
