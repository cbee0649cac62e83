//! Which addresses lead to the public internet, by IANA's special-purpose registries (RFC 6890 and its updates).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where an address leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// To the public internet.
    Public,
    /// To this machine, or to a network that strangers have no way into.
    Private(&'static str),
    /// To no single machine that could be meant.
    Nowhere(&'static str),
}

/// Where an address leads; one that has another in it leads where that one leads.
pub(super) fn place(address: IpAddr) -> Place {
    match address {
        IpAddr::V4(address) => place_v4(address),
        IpAddr::V6(address) => place_v6(address),
    }
}

fn place_v4(address: Ipv4Addr) -> Place {
    match address.octets() {
        [0, ..] => Place::Nowhere("unspecified"),
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Place::Private("private"),
        [100, 64..=127, ..] => Place::Private("behind a provider's address translation"),
        [127, ..] => Place::Private("loopback"),
        [169, 254, ..] => Place::Private("link-local"),
        [198, 18..=19, ..] => Place::Private("for benchmarks"),
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Place::Nowhere("for documentation"),
        [192, 0, 0, _] | [192, 88, 99, _] => Place::Nowhere("reserved for protocols"),
        [255, 255, 255, 255] => Place::Nowhere("broadcast"),
        [224..=239, ..] => Place::Nowhere("multicast"),
        [240..=255, ..] => Place::Nowhere("reserved"),
        _ => Place::Public,
    }
}

fn place_v6(address: Ipv6Addr) -> Place {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Place::Nowhere("unspecified"),
        [0, 0, 0, 0, 0, 0, 0, 1] => Place::Private("loopback"),
        // Compatible, mapped, translated (RFC 4291, RFC 8215's elder RFC 2765), and NAT64 (RFC 6052).
        [0, 0, 0, 0, 0, 0, high, low]
        | [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => place_v4(embedded(high, low)),
        [0x64, 0xff9b, 1, ..] => Place::Private("behind an address translation"),
        [0xfc00..=0xfdff, ..] => Place::Private("unique local"),
        [0xfe80..=0xfebf, ..] => Place::Private("link-local"),
        [0xfec0..=0xfeff, ..] => Place::Private("site-local"),
        [0xff00..=0xffff, ..] => Place::Nowhere("multicast"),
        // Teredo (RFC 4380): the relay's address, and the client's with each bit turned.
        [0x2001, 0, relay_high, relay_low, _, _, high, low] => match place_v4(embedded(relay_high, relay_low)) {
            Place::Public => place_v4(embedded(!high, !low)),
            refused => refused,
        },
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0x0fff, ..] => Place::Nowhere("for documentation"),
        [0x2001, 0..=0x01ff, ..] => Place::Nowhere("reserved for protocols"),
        // 6to4 (RFC 3056).
        [0x2002, high, low, ..] => place_v4(embedded(high, low)),
        // ISATAP (RFC 5214), in any network.
        [0x2000..=0x3fff, _, _, _, 0 | 0x200, 0x5efe, high, low] => place_v4(embedded(high, low)),
        [0x2000..=0x3fff, ..] => Place::Public,
        _ => Place::Nowhere("reserved"),
    }
}

fn embedded(high: u16, low: u16) -> Ipv4Addr {
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    Ipv4Addr::new(a, b, c, d)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Place {
        place(text.parse().unwrap())
    }

    #[test]
    fn public_addresses_are_public() {
        for text in [
            "1.1.1.1",
            "93.184.215.14",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "2606:4700::1111",
            "2a00:1450:4001:800::200e",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
            "2002:101:101::1",
        ] {
            assert_eq!(of(text), Place::Public, "{text}");
        }
    }

    #[test]
    fn addresses_of_this_machine_and_of_closed_networks_are_private() {
        for text in [
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "198.19.0.1",
            "::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "64:ff9b:1::7f00:1",
        ] {
            assert!(matches!(of(text), Place::Private(_)), "{text}");
        }
    }

    #[test]
    fn addresses_that_lead_to_no_single_machine_lead_nowhere() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "100::1",
            "ff02::1",
            "2001:db8::1",
            "3fff::1",
            "2001:20::1",
            "5f00::1",
            "4000::1",
        ] {
            assert!(matches!(of(text), Place::Nowhere(_)), "{text}");
        }
    }

    #[test]
    fn an_address_with_another_in_it_leads_where_that_one_leads() {
        for text in [
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:0:10.0.0.1",
            "::127.0.0.1",
            "::10.0.0.1",
            "64:ff9b::127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::",
            "2002:c0a8:101::1",
            // Teredo: a private relay; a private client behind a public one.
            "2001:0:a00:1::f5ff:fffe",
            "2001:0:101:101::80ff:fffe",
            "2606:4700::5efe:10.0.0.1",
            "2606:4700::200:5efe:127.0.0.1",
        ] {
            assert!(matches!(of(text), Place::Private(_)), "{text}: {:?}", of(text));
        }
        assert!(matches!(of("::ffff:224.0.0.1"), Place::Nowhere(_)));
    }
}
