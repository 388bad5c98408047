//! What can be wrong with `shipway.yaml`: a stable code for each kind.

/// A key that means nothing here.
pub const UNKNOWN_KEY: &str = "SW0501";
/// A value of another type than is needed.
pub const WRONG_TYPE: &str = "SW0502";
/// A key that has to be there is not.
pub const MISSING_KEY: &str = "SW0503";
/// A value that is not what it should be, or out of range.
pub const BAD_VALUE: &str = "SW0504";
/// A name with characters that names do not have.
pub const BAD_NAME: &str = "SW0505";
/// A service that the file does not have.
pub const UNKNOWN_SERVICE: &str = "SW0506";
/// An environment that the file does not have.
pub const UNKNOWN_ENVIRONMENT: &str = "SW0507";
/// `uses` or `from` lead back to where they started.
pub const CYCLE: &str = "SW0508";
/// A file or folder that the repository does not have.
pub const MISSING_PATH: &str = "SW0509";
/// Two keys that exclude each other, or two gates of one name.
pub const CONFLICT: &str = "SW0510";
/// Two services that would answer at the same place.
pub const SAME_ROUTE: &str = "SW0511";
/// An approval that nobody can give.
pub const IMPOSSIBLE_APPROVAL: &str = "SW0512";
/// A key or value that this version knows and does not support yet.
pub const NOT_YET: &str = "SW0513";
/// An expression of a gate that cannot be evaluated.
pub const BAD_EXPRESSION: &str = "SW0514";
