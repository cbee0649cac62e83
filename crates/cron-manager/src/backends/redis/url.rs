//! URLs of a service behind Sentinels, and of a cluster: several hosts in one, which the crate `redis` does not read.

use redis::{ConnectionInfo, IntoConnectionInfo, RedisResult};

use crate::{Error, Result};

/// Where the port of a Sentinel is left out.
const SENTINEL_PORT: u16 = 26_379;

/// What a URL says.
pub(super) enum Where {
    Server(ConnectionInfo),
    Sentinel {
        sentinels: Vec<ConnectionInfo>,
        service: String,
        /// User and database, at an address that means nothing.
        server: ConnectionInfo,
    },
    Cluster(Vec<ConnectionInfo>),
}

impl Where {
    /// Errors: invalid argument (`redisUrl`), without the URL, which may hold a password.
    pub(super) fn of(url: &str) -> Result<Self> {
        let (scheme, rest) = url.split_once("://").unwrap_or((url, ""));
        let read = match scheme {
            "redis-sentinel" => Self::sentinel("redis", rest),
            "rediss-sentinel" => Self::sentinel("rediss", rest),
            "redis-cluster" => Self::cluster("redis", rest),
            "rediss-cluster" => Self::cluster("rediss", rest),
            "redis" | "rediss" | "valkey" | "valkeys" | "unix" | "redis+unix" => info(url).map(Self::Server),
            _ => Err(invalid(
                "write redis://HOST:PORT, redis-sentinel://HOST:PORT/SERVICE or redis-cluster://HOST:PORT,HOST:PORT",
            )),
        };
        match (read, scheme.starts_with("rediss") || scheme == "valkeys") {
            (Err(_), true) if !cfg!(feature = "redis-tls") => {
                Err(invalid("encrypted connections to Redis need the feature `redis-tls`"))
            }
            (read, _) => read,
        }
    }

    /// `USER:PASSWORD@HOST:PORT,HOST:PORT/SERVICE/DB?sentinelUsername=USER&sentinelPassword=PASSWORD`.
    fn sentinel(scheme: &str, rest: &str) -> Result<Self> {
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (mut user, mut password) = ("", "");
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            match parameter.split_once('=') {
                Some(("sentinelUsername", value)) => user = value,
                Some(("sentinelPassword", value)) => password = value,
                _ => return Err(invalid("after the `?` come sentinelUsername and sentinelPassword, and nothing else")),
            }
        }
        let (login, hosts, path) = parts(rest);
        let (service, db) = path.split_once('/').unwrap_or((path, ""));
        if service.is_empty() {
            return Err(invalid("name the service after the Sentinels: redis-sentinel://HOST:PORT,HOST:PORT/SERVICE"));
        }
        let sentinels = hosts.split(',').map(|host| {
            let port = if has_port(host) { String::new() } else { format!(":{SENTINEL_PORT}") };
            info(&format!("{scheme}://{user}:{password}@{host}{port}"))
        });
        let server = info(&format!("{scheme}://{login}service/{db}"))?;
        Ok(Self::Sentinel { sentinels: sentinels.collect::<Result<_>>()?, service: service.into(), server })
    }

    /// `USER:PASSWORD@HOST:PORT,HOST:PORT`.
    fn cluster(scheme: &str, rest: &str) -> Result<Self> {
        let (login, hosts, path) = parts(rest);
        if !path.is_empty() {
            return Err(invalid("a cluster has no databases: nothing follows its hosts"));
        }
        let nodes = hosts.split(',').map(|host| info(&format!("{scheme}://{login}{host}")));
        Ok(Self::Cluster(nodes.collect::<Result<_>>()?))
    }
}

/// User and password with their `@`, the hosts, and what follows the next `/`.
fn parts(rest: &str) -> (&str, &str, &str) {
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let hosts = authority.rfind('@').map_or(0, |at| at + 1);
    (&authority[..hosts], &authority[hosts..], path)
}

fn has_port(host: &str) -> bool {
    // Colons also lie within the brackets of an IPv6 address.
    host.rsplit(']').next().is_some_and(|rest| rest.contains(':'))
}

fn info(url: &str) -> Result<ConnectionInfo> {
    let read: RedisResult<ConnectionInfo> = url.into_connection_info();
    // What it says of the error may repeat a part of the URL.
    read.map_err(|_| {
        invalid("not a Redis URL: write redis://USER:PASSWORD@HOST:PORT/DB, with %XX for special characters")
    })
}

fn invalid(what: &str) -> Error {
    Error::invalid("redisUrl", what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(nodes: &[ConnectionInfo]) -> Vec<String> {
        nodes.iter().map(|node| node.addr().to_string()).collect()
    }

    #[test]
    fn a_sentinel_url_names_sentinels_service_and_database() {
        let url = "redis-sentinel://u:p%40@one,[::1]:7/main/3?sentinelPassword=s&sentinelUsername=w";
        let Ok(Where::Sentinel { sentinels, service, server }) = Where::of(url) else { panic!("not read") };
        assert_eq!(addresses(&sentinels), ["one:26379", "::1:7"]);
        assert_eq!((service.as_str(), server.redis_settings().db()), ("main", 3));
        assert_eq!((server.redis_settings().username(), server.redis_settings().password()), (Some("u"), Some("p@")));
        let sentinel = sentinels[0].redis_settings();
        assert_eq!((sentinel.username(), sentinel.password()), (Some("w"), Some("s")));
        let Ok(Where::Sentinel { sentinels, .. }) = Where::of("redis-sentinel://:p@one/main") else {
            panic!("not read")
        };
        assert_eq!(sentinels[0].redis_settings().password(), None);
    }

    #[test]
    fn a_cluster_url_names_nodes_which_share_a_user() {
        let Ok(Where::Cluster(nodes)) = Where::of("redis-cluster://u:p@one:1,two") else { panic!("not read") };
        assert_eq!(addresses(&nodes), ["one:1", "two:6379"]);
        assert!(nodes.iter().all(|node| node.redis_settings().password() == Some("p")));
    }

    #[test]
    fn a_wrong_url_is_refused_and_not_repeated() {
        for url in [
            "postgres://u:secret@h",
            "redis:secret",
            "redis://u:secret@h:port",
            "redis://u:secret@h/notanumber",
            "redis://u:secret@",
            "redis-sentinel://u:secret@h",
            "redis-sentinel://u:secret@h/",
            "redis-sentinel://u:secret@h,/main",
            "redis-sentinel://u:secret@h/main/db",
            "redis-sentinel://h/main?password=secret",
            "redis-cluster://u:secret@h/1",
            "redis-cluster://u:secret@",
            "redis://h?protocol=secret",
            "secret",
        ] {
            let error = Where::of(url).err().unwrap_or_else(|| panic!("{url}"));
            assert_eq!(error.field(), Some("redisUrl"), "{url}");
            assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
        }
    }

    #[test]
    #[cfg(not(feature = "redis-tls"))]
    fn an_encrypted_url_says_which_feature_is_missing() {
        for url in ["rediss://h", "valkeys://h", "rediss-cluster://h", "rediss-sentinel://h/main"] {
            assert!(Where::of(url).err().unwrap().message().contains("redis-tls"), "{url}");
        }
    }
}
