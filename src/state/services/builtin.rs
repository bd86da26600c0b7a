//! The services that firewalld brings along, of every release from 0.9.0 to 2.5.0.
//!
//! Read from the files `config/services/*.xml` of the released versions; Debian's package 1.3.3 has
//! the same. A distributor may ship others, and `/etc/firewalld/services` overrides all.

use super::ServiceTable;
use crate::error::{ErrorKind, ParseError};
use crate::service::Service;
use crate::text::Text;
use core::fmt;
use core::str::FromStr;

/// A release of firewalld.
///
/// ```
/// use hostport_audit::state::services::Release;
///
/// assert_eq!("1.3.3".parse::<Release>()?, Release::new(1, 3, 3));
/// assert!(Release::new(1, 3, 3) < Release::NEWEST);
/// # Ok::<(), hostport_audit::ParseError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Release(u8, u8, u8);

impl Release {
    /// The newest release whose services are known here.
    pub const NEWEST: Self = Self(2, 5, 0);

    /// A release by its numbers: `2.5.0`.
    #[must_use]
    pub const fn new(major: u8, minor: u8, patch: u8) -> Self {
        Self(major, minor, patch)
    }

    /// True if the services of this release are known here.
    #[must_use]
    pub fn is_known(self) -> bool {
        RELEASES
            .iter()
            .any(|&(major, minor, last)| (self.0, self.1) == (major, minor) && self.2 <= last)
    }

    const fn numbers(self) -> (u8, u8, u8) {
        (self.0, self.1, self.2)
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

impl FromStr for Release {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut parts = text.split('.').map(|part| {
            part.parse::<u8>().ok().filter(|_| part.bytes().all(|b| b.is_ascii_digit()))
        });
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(Some(major)), Some(Some(minor)), Some(Some(patch)), None) => {
                Ok(Self(major, minor, patch))
            }
            _ => Err(ParseError::new(ErrorKind::Message, 0, "MAJOR.MINOR.PATCH")),
        }
    }
}

/// The services of firewalld 2.5.0 ([`Release::NEWEST`]).
#[must_use]
pub fn builtin_services() -> ServiceTable {
    services_of(Release::NEWEST)
}

/// The services of a release; `None` if they are not known here (below 0.9.0, above 2.5.0, or never
/// released).
///
/// ```
/// use hostport_audit::state::services::{Release, stock_services_of};
///
/// let old = stock_services_of(Release::new(1, 2, 1)).unwrap();
/// assert_eq!(old.ports(b"ceph").unwrap(), ["6800-7300/tcp".parse().unwrap()]);
/// assert_eq!(stock_services_of(Release::new(9, 0, 0)), None);
/// ```
#[must_use]
pub fn stock_services_of(release: Release) -> Option<ServiceTable> {
    release.is_known().then(|| services_of(release))
}

fn services_of(release: Release) -> ServiceTable {
    let now = release.numbers();
    let current = CURRENT
        .iter()
        .filter(|(_, since, _)| *since <= now)
        .map(|(name, _, words)| (*name, *words));
    let former = FORMER.iter().filter(|(_, since, until, _)| *since <= now && now < *until);
    // A test reads every row, so no row is left out here.
    let read = |(name, words): (&'static str, &'static str)| {
        Some((Text::from(name), words.parse::<Service>().ok()?))
    };
    current.chain(former.map(|(name, _, _, words)| (*name, *words))).filter_map(read).collect()
}

/// The releases: major, minor, and the last patch of it; each counts from patch 0.
const RELEASES: [(u8, u8, u8); 11] = [
    (0, 9, 11),
    (1, 0, 5),
    (1, 1, 5),
    (1, 2, 7),
    (1, 3, 4),
    (2, 0, 6),
    (2, 1, 4),
    (2, 2, 3),
    (2, 3, 4),
    (2, 4, 4),
    (2, 5, 0),
];

/// The services of the newest release, each with the release since which it is so.
#[rustfmt::skip]
const CURRENT: [(&str, (u8, u8, u8), &str); 264] = [
    ("0-AD", (2, 0, 0), "20595/udp"),
    ("RH-Satellite-6", (0, 9, 0), "5000/tcp 5646-5647/tcp 5671/tcp 8000/tcp 8080/tcp 9090/tcp include:foreman"),
    ("RH-Satellite-6-capsule", (0, 9, 0), "8443/tcp include:RH-Satellite-6"),
    ("afp", (1, 1, 0), "548/tcp"),
    ("alvr", (2, 1, 0), "9943-9944/tcp 9943-9944/udp"),
    ("amanda-client", (0, 9, 0), "10080/tcp 10080/udp helper:amanda"),
    ("amanda-k5-client", (0, 9, 0), "10082/tcp helper:amanda"),
    ("amqp", (0, 9, 0), "5672/tcp"),
    ("amqps", (0, 9, 0), "5671/tcp"),
    ("anno-1602", (2, 0, 0), "2300-2400/tcp 2300-2400/udp 47624/tcp"),
    ("anno-1800", (2, 0, 0), "18000/udp"),
    ("apcupsd", (0, 9, 0), "3551/tcp"),
    ("aseqnet", (2, 3, 0), "40002/tcp"),
    ("audit", (0, 9, 0), "60/tcp"),
    ("ausweisapp2", (1, 2, 0), "24727/udp"),
    ("bacula", (0, 9, 0), "9101/tcp 9102/tcp 9103/tcp"),
    ("bacula-client", (0, 9, 0), "9102/tcp"),
    ("bareos-director", (1, 3, 0), "9101/tcp"),
    ("bareos-filedaemon", (1, 3, 0), "9102/tcp"),
    ("bareos-storage", (1, 3, 0), "9103/tcp"),
    ("bb", (0, 9, 0), "1984/tcp 1984/udp"),
    ("bgp", (0, 9, 0), "179/tcp"),
    ("bitcoin", (0, 9, 0), "8333/tcp"),
    ("bitcoin-rpc", (0, 9, 0), "8332/tcp"),
    ("bitcoin-testnet", (0, 9, 0), "18333/tcp"),
    ("bitcoin-testnet-rpc", (0, 9, 0), "18332/tcp"),
    ("bittorrent-lsd", (0, 9, 0), "6771/udp ipv4:239.192.152.143 ipv6:ff15::efc0:988f"),
    ("ceph", (2, 1, 3), "6800-7568/tcp"),
    ("ceph-exporter", (1, 3, 0), "9283/tcp"),
    ("ceph-mon", (0, 9, 0), "3300/tcp 6789/tcp"),
    ("cfengine", (0, 9, 0), "5308/tcp"),
    ("checkmk-agent", (1, 2, 0), "6556/tcp"),
    ("civilization-iv", (2, 0, 0), "2033/tcp 2033/udp 2056/tcp 2302-2400/udp 3783/tcp 6500/tcp 6500/udp 6515/udp 6667/tcp 13139/udp 27900/udp 28900/tcp 29900-29901/tcp"),
    ("civilization-v", (2, 0, 0), "1745/tcp 1745/udp 1795/tcp 1795/udp 3064/udp 3074/tcp 3074/udp 4380/udp 27000-27031/udp 27015-27030/tcp 27036/udp 27036-27037/tcp"),
    ("cockpit", (0, 9, 0), "9090/tcp"),
    ("collectd", (0, 9, 0), "25826/udp"),
    ("condor-collector", (0, 9, 0), "9618/tcp"),
    ("cratedb", (1, 2, 0), "4200/tcp 4300/tcp include:postgresql"),
    ("ctdb", (0, 9, 0), "4379/tcp 4379/udp"),
    ("dds", (1, 3, 0), "include:dds-multicast include:dds-unicast"),
    ("dds-multicast", (1, 3, 0), "7400-7401/udp 7650-7651/udp 7900-7901/udp 8150-8151/udp 8400-8401/udp 8650-8651/udp 8900-8901/udp 9150-9151/udp 9400-9401/udp 9650-9651/udp 9900-9901/udp ipv4:239.255.0.1"),
    ("dds-unicast", (1, 3, 0), "7402-7649/udp 7652-7899/udp 7902-8149/udp 8152-8339/udp 8402-8649/udp 8652-8899/udp 8902-9149/udp 9152-9339/udp 9402-9649/udp 9652-9899/udp 9902-10149/udp"),
    ("dhcp", (0, 9, 0), "67/udp"),
    ("dhcpv6", (0, 9, 0), "547/udp"),
    ("dhcpv6-client", (0, 9, 0), "546/udp ipv6:fe80::/64"),
    ("distcc", (0, 9, 0), "3632/tcp"),
    ("dns", (0, 9, 0), "53/tcp 53/udp"),
    ("dns-over-quic", (2, 1, 0), "853/udp"),
    ("dns-over-tls", (0, 9, 0), "853/tcp"),
    ("docker-registry", (0, 9, 0), "5000/tcp"),
    ("docker-swarm", (0, 9, 0), "2377/tcp 4789/udp 7946/tcp 7946/udp protocol:esp"),
    ("dropbox-lansync", (0, 9, 0), "17500/tcp 17500/udp"),
    ("elasticsearch", (0, 9, 0), "9200/tcp 9300/tcp"),
    ("etcd-client", (0, 9, 0), "2379/tcp"),
    ("etcd-server", (0, 9, 0), "2380/tcp"),
    ("factorio", (2, 0, 0), "34197/udp"),
    ("finger", (0, 9, 0), "79/tcp"),
    ("foreman", (0, 9, 0), "68/udp 8140/tcp include:dhcp include:dns include:http include:https include:tftp"),
    ("foreman-proxy", (0, 9, 0), "8443/tcp include:foreman"),
    ("freeipa-4", (0, 9, 0), "include:http include:https include:kerberos include:kpasswd include:ldap include:ldaps"),
    ("freeipa-ldap", (0, 9, 0), "80/tcp 88/tcp 88/udp 123/udp 389/tcp 443/tcp 464/tcp 464/udp"),
    ("freeipa-ldaps", (0, 9, 0), "80/tcp 88/tcp 88/udp 123/udp 443/tcp 464/tcp 464/udp 636/tcp"),
    ("freeipa-replication", (0, 9, 0), "7389/tcp"),
    ("freeipa-trust", (0, 9, 0), "135/tcp 138-139/tcp 138-139/udp 389/tcp 389/udp 445/tcp 445/udp 3268/tcp 49152-65535/tcp"),
    ("ftp", (0, 9, 0), "21/tcp helper:ftp"),
    ("galera", (1, 0, 0), "3306/tcp 4444/tcp 4567/tcp 4568/tcp"),
    ("ganglia-client", (0, 9, 0), "8660/tcp"),
    ("ganglia-master", (0, 9, 0), "8651/tcp"),
    ("git", (0, 9, 0), "9418/tcp"),
    ("gitea", (2, 4, 0), "3000/tcp"),
    ("gpsd", (1, 2, 0), "2947/tcp"),
    ("grafana", (0, 9, 0), "3000/tcp"),
    ("gre", (0, 9, 0), "protocol:gre helper:proto-gre"),
    ("high-availability", (0, 9, 0), "2224/tcp 3121/tcp 5403/tcp 5404/udp 5405-5412/udp 9929/tcp 9929/udp 21064/tcp"),
    ("http", (0, 9, 0), "80/tcp"),
    ("http3", (1, 1, 0), "443/udp"),
    ("https", (0, 9, 0), "443/tcp"),
    ("ident", (1, 2, 0), "113/tcp"),
    ("imap", (0, 9, 0), "143/tcp"),
    ("imaps", (0, 9, 0), "993/tcp"),
    ("iperf2", (2, 2, 0), "5001/tcp 5001/udp"),
    ("iperf3", (2, 2, 0), "5201/sctp 5201/tcp 5201/udp"),
    ("ipfs", (1, 2, 0), "4001/tcp 4001/udp"),
    ("ipp", (0, 9, 0), "631/tcp 631/udp"),
    ("ipp-client", (0, 9, 0), "631/udp"),
    ("ipsec", (0, 9, 0), "500/udp 4500/tcp 4500/udp protocol:ah protocol:esp"),
    ("irc", (0, 9, 0), "6667/tcp"),
    ("ircs", (0, 9, 0), "6697/tcp"),
    ("iscsi-target", (0, 9, 0), "3260/tcp 3260/udp"),
    ("isns", (0, 9, 0), "3205/tcp 3205/udp"),
    ("jenkins", (0, 9, 0), "8080/tcp"),
    ("kadmin", (0, 9, 0), "749/tcp"),
    ("kdeconnect", (0, 9, 0), "1714-1764/tcp 1714-1764/udp"),
    ("kerberos", (0, 9, 0), "88/tcp 88/udp"),
    ("kibana", (0, 9, 0), "5601/tcp"),
    ("klogin", (0, 9, 0), "543/tcp"),
    ("kpasswd", (0, 9, 0), "464/tcp 464/udp"),
    ("kprop", (0, 9, 0), "754/tcp"),
    ("kshell", (0, 9, 0), "544/tcp"),
    ("kube-api", (1, 2, 0), "include:kubelet"),
    ("kube-apiserver", (0, 9, 0), "6443/tcp"),
    ("kube-control-plane", (1, 2, 0), "include:etcd-client include:etcd-server include:kube-apiserver include:kube-controller-manager include:kube-scheduler"),
    ("kube-control-plane-secure", (1, 2, 0), "include:etcd-client include:etcd-server include:kube-apiserver include:kube-controller-manager-secure include:kube-scheduler-secure"),
    ("kube-controller-manager", (1, 0, 0), "10252/tcp"),
    ("kube-controller-manager-secure", (1, 2, 0), "10257/tcp"),
    ("kube-nodeport-services", (1, 2, 0), "30000-32767/tcp"),
    ("kube-scheduler", (1, 0, 0), "10251/tcp"),
    ("kube-scheduler-secure", (1, 2, 0), "10259/tcp"),
    ("kube-worker", (1, 2, 0), "include:kube-nodeport-services include:kubelet"),
    ("kubelet", (1, 2, 0), "10250/tcp"),
    ("kubelet-readonly", (1, 2, 0), "10255/tcp"),
    ("kubelet-worker", (1, 2, 0), "include:kube-worker"),
    ("ldap", (0, 9, 0), "389/tcp"),
    ("ldaps", (0, 9, 0), "636/tcp"),
    ("libvirt", (0, 9, 0), "16509/tcp"),
    ("libvirt-tls", (0, 9, 0), "16514/tcp"),
    ("lightning-network", (0, 9, 0), "9735/tcp"),
    ("llmnr", (1, 1, 0), "include:llmnr-tcp include:llmnr-udp"),
    ("llmnr-client", (1, 3, 0), "source:5355/udp"),
    ("llmnr-tcp", (1, 1, 0), "5355/tcp"),
    ("llmnr-udp", (1, 1, 0), "5355/udp ipv4:224.0.0.252 ipv6:ff02::1:3"),
    ("managesieve", (0, 9, 0), "4190/tcp"),
    ("matrix", (0, 9, 0), "8448/tcp include:https"),
    ("mdns", (0, 9, 0), "5353/udp ipv4:224.0.0.251 ipv6:ff02::fb"),
    ("memcache", (0, 9, 0), "11211/tcp 11211/udp"),
    ("minecraft", (2, 0, 0), "25565/tcp 25565/udp"),
    ("minidlna", (1, 1, 0), "8200/tcp include:ssdp"),
    ("mndp", (2, 2, 0), "5678/udp"),
    ("mongodb", (0, 9, 0), "27017/tcp"),
    ("mosh", (0, 9, 0), "60000-61000/udp"),
    ("mountd", (0, 9, 0), "20048/tcp 20048/udp"),
    ("mpd", (2, 3, 0), "6600/tcp"),
    ("mqtt", (0, 9, 0), "1883/tcp"),
    ("mqtt-tls", (0, 9, 0), "8883/tcp"),
    ("ms-wbt", (1, 1, 0), "include:rdp"),
    ("mssql", (0, 9, 0), "1433/tcp"),
    ("murmur", (0, 9, 0), "64738/tcp 64738/udp"),
    ("mysql", (0, 9, 0), "3306/tcp"),
    ("nbd", (0, 9, 0), "10809/tcp"),
    ("nebula", (1, 3, 0), "4242/udp"),
    ("need-for-speed-most-wanted", (2, 0, 0), "3658/udp 13505/tcp 30900-30999/tcp"),
    ("netbios-ns", (1, 0, 0), "137/udp helper:netbios-ns"),
    ("netdata-dashboard", (1, 2, 0), "19999/tcp"),
    ("nfs", (0, 9, 0), "2049/tcp"),
    ("nfs3", (0, 9, 0), "2049/tcp 2049/udp"),
    ("nmea-0183", (0, 9, 0), "10110/tcp 10110/udp"),
    ("nrpe", (0, 9, 0), "5666/tcp"),
    ("ntp", (0, 9, 0), "123/udp"),
    ("nut", (0, 9, 0), "3493/tcp"),
    ("opentelemetry", (2, 0, 0), "4317/tcp 4318/tcp"),
    ("openvpn", (0, 9, 0), "1194/udp"),
    ("ovirt-imageio", (0, 9, 0), "54322/tcp"),
    ("ovirt-storageconsole", (0, 9, 0), "39543/tcp 55863/tcp"),
    ("ovirt-vmconsole", (0, 9, 0), "2223/tcp"),
    ("plex", (1, 1, 0), "3005/tcp 8324/tcp 32400/tcp 32400/udp 32410/udp 32412/udp 32413/udp 32414/udp 32469/tcp include:ssdp"),
    ("pmcd", (0, 9, 0), "44321/tcp"),
    ("pmproxy", (0, 9, 0), "44322/tcp"),
    ("pmwebapi", (0, 9, 0), "44323/tcp"),
    ("pmwebapis", (0, 9, 0), "44324/tcp"),
    ("pop3", (0, 9, 0), "110/tcp"),
    ("pop3s", (0, 9, 0), "995/tcp"),
    ("postgresql", (0, 9, 0), "5432/tcp"),
    ("privoxy", (0, 9, 0), "8118/tcp"),
    ("prometheus", (0, 9, 0), "9090/tcp"),
    ("prometheus-node-exporter", (1, 2, 0), "9100/tcp"),
    ("proxy-dhcp", (0, 9, 0), "4011/udp"),
    ("proxy-http", (2, 4, 0), "3128/tcp"),
    ("ps2link", (1, 3, 0), "18193/tcp 18194/udp"),
    ("ps3netsrv", (1, 2, 0), "38008/tcp"),
    ("ptp", (0, 9, 0), "319/udp 320/udp"),
    ("pulseaudio", (0, 9, 0), "4713/tcp"),
    ("puppetmaster", (0, 9, 0), "8140/tcp"),
    ("quassel", (0, 9, 0), "4242/tcp"),
    ("radius", (0, 9, 0), "1812/tcp 1812/udp 1813/tcp 1813/udp"),
    ("radsec", (2, 3, 0), "2083/tcp"),
    ("rdp", (0, 9, 0), "3389/tcp"),
    ("redis", (0, 9, 0), "6379/tcp"),
    ("redis-sentinel", (0, 9, 0), "26379/tcp"),
    ("rootd", (2, 2, 0), "1094/tcp"),
    ("rpc-bind", (0, 9, 0), "111/tcp 111/udp"),
    ("rquotad", (0, 9, 0), "875/tcp 875/udp"),
    ("rsh", (0, 9, 0), "514/tcp"),
    ("rsyncd", (0, 9, 0), "873/tcp 873/udp"),
    ("rtsp", (0, 9, 0), "554/tcp 554/udp"),
    ("salt-master", (0, 9, 0), "4505/tcp 4506/tcp"),
    ("samba", (1, 1, 0), "139/tcp 445/tcp include:samba-client"),
    ("samba-client", (1, 1, 0), "138/udp include:netbios-ns"),
    ("samba-dc", (1, 1, 0), "135/tcp 389/udp 3268/tcp 3269/tcp 49152-65535/tcp include:dns include:kerberos include:kpasswd include:ldap include:ldaps include:samba"),
    ("sane", (0, 9, 0), "6566/tcp helper:sane"),
    ("settlers-history-collection", (2, 0, 0), "1005/udp 1100/udp 3074/udp 6200/udp 6300/udp"),
    ("sip", (0, 9, 0), "5060/tcp 5060/udp helper:sip"),
    ("sips", (0, 9, 0), "5061/tcp 5061/udp"),
    ("slimevr", (2, 3, 0), "6969/udp"),
    ("slp", (0, 9, 0), "427/tcp 427/udp"),
    ("smtp", (0, 9, 0), "25/tcp"),
    ("smtp-submission", (2, 1, 0), "include:submission"),
    ("smtps", (0, 9, 0), "465/tcp"),
    ("snmp", (0, 9, 0), "161/tcp 161/udp"),
    ("snmptls", (1, 2, 0), "10161/tcp 10161/udp"),
    ("snmptls-trap", (1, 2, 0), "10162/tcp 10162/udp"),
    ("snmptrap", (0, 9, 0), "162/tcp 162/udp"),
    ("socks", (2, 4, 0), "1080/tcp"),
    ("solr", (2, 5, 0), "8983/tcp"),
    ("spideroak-lansync", (0, 9, 0), "21327/udp 21328/udp"),
    ("spotify-sync", (0, 9, 0), "57621/tcp 57621/udp"),
    ("squid", (0, 9, 0), "3128/tcp"),
    ("ssdp", (1, 1, 0), "1900/udp ipv4:239.255.255.250 ipv6:ff02::c"),
    ("ssh", (0, 9, 0), "22/tcp"),
    ("statsrv", (2, 0, 0), "133/tcp 133/udp"),
    ("steam-lan-transfer", (2, 2, 0), "27031-27036/udp 27040/tcp"),
    ("steam-streaming", (2, 4, 1), "10400/udp 10401/udp 27031-27036/udp 27036/tcp 27037/tcp"),
    ("stellaris", (2, 0, 0), "17780-17785/udp"),
    ("stronghold-crusader", (2, 0, 0), "2300-2400/tcp 2300-2400/udp 47624/tcp"),
    ("stun", (2, 2, 0), "3478/tcp 3478/udp"),
    ("stuns", (2, 2, 0), "5349/tcp 5349/udp"),
    ("submission", (2, 1, 0), "587/tcp"),
    ("supertuxkart", (2, 0, 0), "2757/tcp 2757/udp 2759/tcp 2759/udp"),
    ("svdrp", (0, 9, 0), "6419/tcp 6419/udp"),
    ("svn", (0, 9, 0), "3690/tcp"),
    ("syncthing", (0, 9, 4), "21027/udp 22000/tcp 22000/udp"),
    ("syncthing-gui", (0, 9, 0), "8384/tcp"),
    ("syncthing-relay", (1, 3, 0), "22067/tcp 22070/tcp"),
    ("synergy", (0, 9, 0), "24800/tcp"),
    ("syscomlan", (2, 0, 0), "1065/tcp 1065/udp"),
    ("syslog", (0, 9, 0), "514/udp"),
    ("syslog-ng", (2, 4, 0), "514/tcp 514/udp 601/tcp 6514/tcp"),
    ("syslog-tls", (0, 9, 0), "6514/tcp 6514/udp"),
    ("telnet", (0, 9, 0), "23/tcp"),
    ("tentacle", (0, 9, 0), "41121/tcp"),
    ("terraria", (2, 0, 0), "7777/tcp"),
    ("tftp", (0, 9, 0), "69/udp helper:tftp"),
    ("tile38", (0, 9, 0), "9851/tcp"),
    ("tinc", (0, 9, 0), "655/tcp 655/udp"),
    ("tor-socks", (0, 9, 0), "9050/tcp"),
    ("transmission-client", (0, 9, 0), "51413/tcp 51413/udp"),
    ("turn", (2, 2, 0), "include:stun"),
    ("turns", (2, 2, 0), "include:stuns"),
    ("upnp-client", (1, 0, 2), "source:1900/udp"),
    ("vdsm", (0, 9, 0), "5900-6923/tcp 49152-49216/tcp 54321/tcp"),
    ("vnc-server", (0, 9, 0), "5900-5903/tcp"),
    ("vrrp", (2, 1, 0), "protocol:112 ipv4:224.0.0.18 ipv6:FF02:0:0:0:0:0:0:12"),
    ("warpinator", (1, 3, 0), "42000/tcp 42000/udp 42001/tcp"),
    ("wbem-http", (0, 9, 0), "5988/tcp"),
    ("wbem-https", (0, 9, 0), "5989/tcp"),
    ("wireguard", (1, 0, 0), "51820/udp"),
    ("ws-discovery", (1, 1, 0), "include:ws-discovery-tcp include:ws-discovery-udp"),
    ("ws-discovery-client", (1, 1, 0), "source:3702/udp"),
    ("ws-discovery-host", (2, 2, 0), "5357/tcp include:ws-discovery-udp"),
    ("ws-discovery-tcp", (1, 1, 0), "3702/tcp"),
    ("ws-discovery-udp", (1, 1, 0), "3702/udp ipv4:239.255.255.250 ipv6:ff02::c"),
    ("wsman", (0, 9, 0), "5985/tcp"),
    ("wsmans", (0, 9, 0), "5986/tcp"),
    ("xdmcp", (0, 9, 0), "177/tcp 177/udp"),
    ("xmpp-bosh", (0, 9, 0), "5280/tcp"),
    ("xmpp-client", (0, 9, 0), "5222/tcp"),
    ("xmpp-local", (0, 9, 0), "5298/tcp"),
    ("xmpp-server", (0, 9, 0), "5269/tcp"),
    ("zabbix-agent", (0, 9, 0), "10050/tcp"),
    ("zabbix-java-gateway", (2, 0, 0), "10052/tcp"),
    ("zabbix-server", (2, 0, 0), "include:zabbix-trapper"),
    ("zabbix-trapper", (2, 0, 0), "10051/tcp"),
    ("zabbix-web-service", (2, 0, 0), "10053/tcp"),
    ("zero-k", (2, 0, 0), "8452/udp"),
    ("zerotier", (1, 1, 0), "9993/udp"),
];

/// Services as they were: since one release and until, not in, another.
type Former = (&'static str, (u8, u8, u8), (u8, u8, u8), &'static str);

#[rustfmt::skip]
const FORMER: [Former; 27] = [
    ("ceph", (0, 9, 0), (2, 0, 5), "6800-7300/tcp"),
    ("ceph", (2, 0, 5), (2, 1, 0), "6800-7568/tcp"),
    ("ceph", (2, 1, 0), (2, 1, 3), "6800-7300/tcp"),
    ("jellyfin", (1, 1, 0), (1, 1, 4), "7359/udp 8096/tcp 8920/tcp include:ssdp"),
    ("jellyfin", (1, 2, 0), (1, 2, 2), "7359/udp 8096/tcp 8920/tcp include:ssdp"),
    ("kodi-eventserver", (1, 2, 0), (1, 2, 1), "9777/udp"),
    ("kodi-rpc", (1, 2, 0), (1, 2, 1), "9090/tcp"),
    ("kube-api", (1, 0, 0), (1, 2, 0), "10250/tcp"),
    ("kube-control-plane", (1, 0, 0), (1, 2, 0), "include:etcd-client include:etcd-server include:kube-api include:kube-apiserver include:kube-controller-manager include:kube-scheduler"),
    ("kubelet-worker", (1, 0, 0), (1, 2, 0), "30000-32767/tcp include:kube-api"),
    ("llmnr", (0, 9, 0), (1, 1, 0), "5355/tcp 5355/udp"),
    ("minidlna", (0, 9, 0), (1, 1, 0), "1900/udp 8200/tcp"),
    ("ms-wbt", (0, 9, 0), (1, 1, 0), "3389/tcp"),
    ("plex", (0, 9, 0), (1, 1, 0), "1900/udp 3005/tcp 8324/tcp 32400/tcp 32400/udp 32410/udp 32412/udp 32413/udp 32414/udp 32469/tcp"),
    ("samba", (0, 9, 0), (1, 1, 0), "137/udp 138/udp 139/tcp 445/tcp helper:netbios-ns"),
    ("samba-client", (0, 9, 0), (1, 1, 0), "137/udp 138/udp helper:netbios-ns"),
    ("samba-dc", (0, 9, 0), (1, 1, 0), "53/tcp 53/udp 88/tcp 88/udp 135/tcp 137/udp 138/udp 139/tcp 389/tcp 389/udp 445/tcp 464/tcp 464/udp 636/tcp 3268/tcp 3269/tcp 49152-65535/tcp helper:netbios-ns"),
    ("smtp-submission", (0, 9, 0), (2, 1, 0), "587/tcp"),
    ("ssdp", (0, 9, 0), (1, 1, 0), "1900/udp ipv4:239.255.255.250 ipv6:FF02::C"),
    ("steam-streaming", (0, 9, 0), (2, 3, 3), "27031-27036/udp 27036/tcp 27037/tcp"),
    ("steam-streaming", (2, 3, 3), (2, 4, 0), "10400/udp 10401/udp 27031-27036/udp 27036/tcp 27037/tcp"),
    ("steam-streaming", (2, 4, 0), (2, 4, 1), "27031-27036/udp 27036/tcp 27037/tcp"),
    ("syncthing", (0, 9, 0), (0, 9, 4), "21027/udp 22000/tcp"),
    ("tftp-client", (0, 9, 0), (1, 0, 0), "helper:tftp"),
    ("upnp-client", (0, 9, 0), (1, 0, 1), "source:1900/udp"),
    ("upnp-client", (1, 0, 1), (1, 0, 2), "include:ssdp"),
    ("zabbix-server", (0, 9, 0), (2, 0, 0), "10051/tcp"),
];
