//! Windows events: Sigma's categories and services to channels, providers and event ids.

use super::aliases::{
    NATIVE, NETWORK_5156, POWERSHELL_CLASSIC, PROCESS_4688, PROCESS_4689, REGISTRY_4657, SECURITY_NAMES,
};
use super::{Alias, Source};

const SYSMON_PROVIDER: &str = "Microsoft-Windows-Sysmon";
const SECURITY: &[&str] = &["Security"];
const POWERSHELL: &[&str] = &["Microsoft-Windows-PowerShell/Operational", "PowerShellCore/Operational"];
const CLASSIC: &[&str] = &["Windows PowerShell"];

/// A category as Sysmon writes it: by provider, since forwarded and exported events keep it whatever the channel.
const fn sysmon(category: &'static str, event_ids: &'static [u32]) -> Source {
    Source {
        category,
        product: "windows",
        service: "sysmon",
        artifact: "windows.event",
        streams: &[],
        provider: SYSMON_PROVIDER,
        event_ids,
        fields: NATIVE,
    }
}

const fn event(
    category: &'static str,
    service: &'static str,
    streams: &'static [&'static str],
    event_ids: &'static [u32],
    fields: &'static [Alias],
) -> Source {
    Source {
        category,
        product: "windows",
        service,
        artifact: "windows.event",
        streams,
        provider: "",
        event_ids,
        fields,
    }
}

/// What a hive or a file table holds now, asked as if it had just been written: a rule that names only what was written
/// can be answered by it, one that also names who wrote it cannot.
const fn state(category: &'static str, artifact: &'static str, streams: &'static [&'static str]) -> Source {
    Source {
        category,
        product: "windows",
        service: "",
        artifact,
        streams,
        provider: "",
        event_ids: &[],
        fields: NATIVE,
    }
}

const fn service(service: &'static str, streams: &'static [&'static str]) -> Source {
    event("", service, streams, &[], NATIVE)
}

/// Every Windows log source.
pub static WINDOWS: &[Source] = &[
    sysmon("process_creation", &[1]),
    event("process_creation", "security", SECURITY, &[4688], PROCESS_4688),
    sysmon("file_change", &[2]),
    sysmon("network_connection", &[3]),
    event("network_connection", "security", SECURITY, &[5156], NETWORK_5156),
    sysmon("sysmon_status", &[4, 16]),
    sysmon("process_termination", &[5]),
    event("process_termination", "security", SECURITY, &[4689], PROCESS_4689),
    sysmon("driver_load", &[6]),
    sysmon("image_load", &[7]),
    sysmon("create_remote_thread", &[8]),
    sysmon("raw_access_thread", &[9]),
    sysmon("process_access", &[10]),
    sysmon("file_event", &[11]),
    state("file_event", "windows.mft", &[]),
    state("file_event", "windows.usn", &["Created", "Renamed"]),
    state("file_delete", "windows.usn", &["Deleted"]),
    state("file_rename", "windows.usn", &["Renamed"]),
    state("file_change", "windows.usn", &["Changed"]),
    sysmon("registry_add", &[12]),
    sysmon("registry_delete", &[12]),
    sysmon("registry_set", &[13]),
    sysmon("registry_rename", &[14]),
    sysmon("registry_event", &[12, 13, 14]),
    event("registry_set", "security", SECURITY, &[4657], REGISTRY_4657),
    event("registry_event", "security", SECURITY, &[4657], REGISTRY_4657),
    event("registry_delete", "security", SECURITY, &[4657], REGISTRY_4657),
    state("registry_set", "windows.registry", &[]),
    state("registry_event", "windows.registry", &[]),
    sysmon("create_stream_hash", &[15]),
    sysmon("pipe_created", &[17, 18]),
    sysmon("wmi_event", &[19, 20, 21]),
    sysmon("dns_query", &[22]),
    sysmon("file_delete", &[23, 26]),
    sysmon("file_delete_detected", &[26]),
    sysmon("clipboard_capture", &[24]),
    sysmon("process_tampering", &[25]),
    sysmon("file_block", &[27]),
    sysmon("file_block_executable", &[27]),
    sysmon("file_block_shredding", &[28]),
    sysmon("file_executable_detected", &[29]),
    sysmon("sysmon_error", &[255]),
    event("file_access", "kernel-file", &["Microsoft-Windows-Kernel-File/Analytic"], &[12, 30], KERNEL_FILE),
    event(
        "file_rename",
        "kernel-file",
        &["Microsoft-Windows-Kernel-File/Analytic"],
        &[11, 19, 27],
        KERNEL_FILE,
    ),
    event("ps_script", "powershell", POWERSHELL, &[4104], NATIVE),
    event("ps_module", "powershell", POWERSHELL, &[4103], NATIVE),
    event("ps_classic_start", "powershell-classic", CLASSIC, &[400], POWERSHELL_CLASSIC),
    event("ps_classic_provider_start", "powershell-classic", CLASSIC, &[600], POWERSHELL_CLASSIC),
    event("ps_classic_script", "powershell-classic", CLASSIC, &[800], POWERSHELL_CLASSIC),
    event("", "", &[], &[], NATIVE),
    sysmon("", &[]),
    event("", "security", SECURITY, &[], SECURITY_NAMES),
    service("system", &["System"]),
    service("application", &["Application"]),
    service("powershell", POWERSHELL),
    event("", "powershell-classic", CLASSIC, &[], POWERSHELL_CLASSIC),
    service("msexchange-management", &["MSExchange Management"]),
    service("iis-configuration", &["Microsoft-IIS-Configuration/Operational"]),
    service("windefend", &["Microsoft-Windows-Windows Defender/Operational"]),
    service("taskscheduler", &["Microsoft-Windows-TaskScheduler/Operational"]),
    service("wmi", &["Microsoft-Windows-WMI-Activity/Operational"]),
    service("dns-server", &["DNS Server"]),
    service("dns-server-audit", &["Microsoft-Windows-DNS-Server/Audit"]),
    service("dns-server-analytic", &["Microsoft-Windows-DNS-Server/Analytical"]),
    service(
        "dns-client",
        &["Microsoft-Windows-DNS Client Events/Operational", "Microsoft-Windows-DNS-Client/Operational"],
    ),
    service("dhcp", &["Microsoft-Windows-DHCP-Server/Operational"]),
    service("driver-framework", &["Microsoft-Windows-DriverFrameworks-UserMode/Operational"]),
    service("ntlm", &["Microsoft-Windows-NTLM/Operational"]),
    service(
        "kerberos",
        &[
            "Microsoft-Windows-Kerberos/Operational",
            "Microsoft-Windows-Kerberos-Key-Distribution-Center/Operational",
        ],
    ),
    service("printservice-admin", &["Microsoft-Windows-PrintService/Admin"]),
    service("printservice-operational", &["Microsoft-Windows-PrintService/Operational"]),
    service("smbclient-security", &["Microsoft-Windows-SmbClient/Security"]),
    service("smbclient-connectivity", &["Microsoft-Windows-SmbClient/Connectivity"]),
    service("smbserver-connectivity", &["Microsoft-Windows-SMBServer/Connectivity"]),
    service(
        "applocker",
        &[
            "Microsoft-Windows-AppLocker/MSI and Script",
            "Microsoft-Windows-AppLocker/EXE and DLL",
            "Microsoft-Windows-AppLocker/Packaged app-Deployment",
            "Microsoft-Windows-AppLocker/Packaged app-Execution",
        ],
    ),
    service("bits-client", &["Microsoft-Windows-Bits-Client/Operational"]),
    service("codeintegrity-operational", &["Microsoft-Windows-CodeIntegrity/Operational"]),
    service("firewall-as", &["Microsoft-Windows-Windows Firewall With Advanced Security/Firewall"]),
    service("ldap", &["Microsoft-Windows-LDAP-Client/Debug"]),
    service("ldap_debug", &["Microsoft-Windows-LDAP-Client/Debug"]),
    service(
        "terminalservices-localsessionmanager",
        &["Microsoft-Windows-TerminalServices-LocalSessionManager/Operational"],
    ),
    service("microsoft-servicebus-client", &["Microsoft-ServiceBus-Client"]),
    service("shell-core", &["Microsoft-Windows-Shell-Core/Operational"]),
    service("openssh", &["OpenSSH/Operational"]),
    service("diagnosis-scripted", &["Microsoft-Windows-Diagnosis-Scripted/Operational"]),
    service("vhdmp", &["Microsoft-Windows-VHDMP/Operational"]),
    service("appxdeployment-server", &["Microsoft-Windows-AppXDeploymentServer/Operational"]),
    service("appxpackaging-om", &["Microsoft-Windows-AppxPackaging/Operational"]),
    service("appmodel-runtime", &["Microsoft-Windows-AppModel-Runtime/Admin"]),
    service("lsa-server", &["Microsoft-Windows-LSA/Operational"]),
    service(
        "security-mitigations",
        &[
            "Microsoft-Windows-Security-Mitigations/Kernel Mode",
            "Microsoft-Windows-Security-Mitigations/User Mode",
        ],
    ),
    service("capi2", &["Microsoft-Windows-CAPI2/Operational"]),
    service(
        "certificateservicesclient-lifecycle-system",
        &["Microsoft-Windows-CertificateServicesClient-Lifecycle-System/Operational"],
    ),
    service("sense", &["Microsoft-Windows-SENSE/Operational"]),
    service("hyper-v-worker", &["Microsoft-Windows-Hyper-V-Worker"]),
];

/// Files as the kernel's own provider names them.
const KERNEL_FILE: &[Alias] =
    &[Alias { rule: "TargetFilename", evidence: &[super::Place::Field("FileName")] }];
