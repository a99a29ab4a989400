//! Names of secrets, in small letters and without `-`, `_` and `.`.

/// The value is secret if the name of a member contains one of these, and in a text if a name ends so.
pub(super) const SECRET: [&str; 21] = [
    "accesskey",
    "accesstoken",
    "amzsignature",
    "apikey",
    "apitoken",
    "authorization",
    "authorizationtoken",
    "authtoken",
    "bearertoken",
    "cookie",
    "idtoken",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "refreshtoken",
    "secret",
    "secretkey",
    "secretstring",
    "securitytoken",
    "sessiontoken",
];

/// Whole names whose value is secret. Longer names that end so are harmless, such as `NextToken`.
pub(super) const WHOLE: [&str; 3] = ["jwt", "pwd", "token"];

/// Whether it is the name of an environment variable with a token, such as `GITHUB_TOKEN`.
pub(super) fn is_variable(name: &str) -> bool {
    name.ends_with("_TOKEN")
}
