//! Executes one job: steps, actions, artifacts, file commands, masking.
