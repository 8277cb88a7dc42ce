"""
The options of other Glances that have no effect here.

Operators bring their files: what is in them and does nothing is told apart
from what nobody ever knew.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

from glance.config.option import SECTIONS

_DEFAULT = """
admin_password admin_tenant_name admin_user
allow_additional_image_properties
allowed_rpc_exception_modules api_paste_config auth_region auth_url
cache_prefetcher_interval cleanup_scrubber cleanup_scrubber_time
client_id conn_pool_min_size conn_pool_ttl control_exchange daemon daemonize
data_api db_auto_create default_notification_level
default_publisher_id delete_from_backend digest_algorithm
disabled_notifications do_secure_hash enable_v1_api enable_v1_registry
enable_v2_api enable_v2_registry enable_v3_api
enabled_import_methods eventlet_executor_pool_size executor_thread_pool_size
fatal_deprecations fatal_exception_format_errors flagfile gid http_keepalive
import_image_limit instance_format instance_uuid_format
kombu_reconnect_delay location_strategy lock_path log-config
log-config-append log-date-format log_color log_config log_config_append
log_date_format log_format log_rotate_interval log_rotate_interval_type
log_rotation_type logging_context_format_string logging_debug_format_suffix
logging_default_format_string logging_exception_prefix
logging_user_identity_format max_logfile_count
max_logfile_size_mb max_request_id_length metadata_encryption_key
metadata_source_path node_staging_uri notification_driver
notification_exchange notification_topics notifier_strategy
notify_cleanup_failed owner_is_member pidfile policy_default_rule
publish_errors pydev_worker_debug_host
pydev_worker_debug_port rate_limit_burst rate_limit_except_level
rate_limit_interval scrub_pool_size
scrubber_datadir secure_proxy_ssl_header send_identity_headers
show_image_direct_url show_multiple_locations sql_connection_debug
sql_connection_trace sql_max_overflow sql_max_retries sql_min_pool_size
sql_retry_interval sqlite_synchronous state_path syslog-log-facility
syslog_log_facility task_time_to_live tcp_keepidle transport_url uid
use-syslog use-syslog-rfc-format use_eventlog use_forwarded_for use_journal
use_keystone_limits use_stderr use_syslog use_syslog_rfc_format use_tpool
use_user_token wakeup_time watch_log_file
worker_self_reference_url working_directory
"""

_DATABASE = """
asyncio_connection asyncio_slave_connection backend connection_debug
connection_parameters connection_trace db_inc_retry_interval db_max_retries
db_max_retry_interval db_retry_interval max_overflow max_retries
min_pool_size mysql_enable_ndb mysql_sql_mode mysql_wsrep_sync_wait
pool_timeout retry_interval slave_connection sql_max_overflow
sql_max_retries sql_min_pool_size sql_retry_interval sqlite_synchronous
synchronous_reader use_db_reconnect use_tpool
"""

_STORES = "swift_buffer_on_upload"

_MIDDLEWARE = "http_basic_auth_user_file max_request_body_size secure_proxy_ssl_header"

_POLICY = """
enforce_new_defaults enforce_scope policy_default_rule
remote_content_type remote_ssl_ca_crt_file remote_ssl_client_crt_file
remote_ssl_client_key_file remote_ssl_verify_server_crt remote_timeout
"""

_KEYSTONE = """
access_token access_token_endpoint access_token_type admin_endpoint admin_token
admin_url allow_expired_window application_credential_name auth-url auth_admin_prefix
auth_host auth_port auth_protocol auth_section auth_version authorization_url auth_token
cache certificate_file check_revocations_for_cached client_id
delay_auth_decision discovery_endpoint enforce_token_bind endpoint endpoint_override
hash_algorithms http_handler identity_provider identity_provider_url
include_service_catalog interface max_retries memcache_password
memcache_pool_conn_get_timeout
memcache_pool_dead_retry memcache_pool_maxsize memcache_pool_socket_timeout
memcache_pool_unused_timeout memcache_sasl_enabled memcache_secret_key
memcache_security_strategy memcache_servers memcache_tls_allowed_ciphers
memcache_tls_cafile memcache_tls_certfile memcache_tls_enabled memcache_tls_keyfile
memcache_use_advanced_pool memcache_username memcached_servers min_version
max_version oauth_consumer_key oauth_consumer_secret passcode protocol
region_name reauthenticate revocation_cache_time scope service_type signing_dir
split_loggers system_scope timeout trust_id valid_interfaces
"""

KNOWN: dict[str, frozenset[str]] = {
    "DEFAULT": frozenset(_DEFAULT.split() + _STORES.split()),
    "database": frozenset(_DATABASE.split()),
    "glance_store": frozenset(_STORES.split()),
    "keystone_authtoken": frozenset(_KEYSTONE.split()),
    "oslo_middleware": frozenset(_MIDDLEWARE.split()),
    "oslo_policy": frozenset(_POLICY.split()),
    "paste_deploy": frozenset({"config_file"}),
}
"""
The options of sections of which others have an effect.
"""

ALWAYS = frozenset(
    {("oslo_policy", "enforce_new_defaults"), ("oslo_policy", "enforce_scope")}
)
"""
What other Glances can be told to do, and this one does in any case.
"""

PREFIXES = (
    "cinder_",
    "filesystem_",
    "https_",
    "image_cache_",
    "qpid_",
    "rabbit_",
    "rados_",
    "rbd_",
    "rootwrap_",
    "rpc_",
    "s3_store_",
    "sheepdog_",
    "store_capabilities_update_",
    "swift_",
    "vmware_",
    "http_proxy_",
)
"""
How the names of the options of stores, caches and queues begin; they were in
C{[DEFAULT]} before they were in C{[glance_store]}.
"""

PASTE = ("paste.*", "use", "pipeline", "filter-with")
"""
What the sections of the daemons held beside options.
"""

WHOLE_SECTIONS = (
    "app:*",
    "barbican*",
    "cinder",
    "composit:*",
    "composite:*",
    "cors.*",
    "filter-app:*",
    "filter:*",
    "glance.store.*",
    "glance_download_opts",
    "healthcheck",
    "image_conversion",
    "image_import_opts",
    "import_filtering_opts",
    "inject_metadata_properties",
    "key_manager",
    "keystone*",
    "matchmaker_*",
    "os_brick",
    "os_glance_*",
    "oslo_*",
    "pipeline:*",
    "privsep*",
    "profiler*",
    "service_credentials",
    "ssl",
    "store_type_location_strategy",
    "task",
    "taskflow_executor",
    "vault",
    "wsgi",
)
"""
Sections no option of which has an effect.
"""


def is_known(section: str, name: str) -> bool:
    """
    Tell whether some Glance had an option that this one has not.

    @param section: the name of its section, in small letters but for
        C{DEFAULT}.
    """
    if section in SECTIONS.values():
        return _matches(name, PASTE) or is_known("DEFAULT", name)
    if section in ("DEFAULT", "glance_store") and name.startswith(PREFIXES):
        return True
    if section in KNOWN:
        return name in KNOWN[section]
    return _matches(section, WHOLE_SECTIONS)


def _matches(text: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(text, pattern) for pattern in patterns)
