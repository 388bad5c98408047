//! Tests of the host from outside.

#[cfg(test)]
mod host;
#[cfg(test)]
mod proxy;
