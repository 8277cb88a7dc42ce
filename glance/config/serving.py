"""
The options of serving: where, whom, and what is said of it.
"""

from __future__ import annotations

from oslo_config import types

from glance.config.option import (
    FLAG,
    LIST,
    PORT,
    RATE,
    SECONDS,
    SOME_SECONDS,
    TEXT,
    Option,
    Workers,
    in_default,
)

LISTENING = (
    Option(
        name="bind_host",
        also=in_default("api_host"),
        type=TEXT,
        default=None,
        daemons=("api",),
        help="""
The address the API listens at: an IPv4 or IPv6 address, or unix: and the path
of a socket.  Unless it is said, it is 0.0.0.0 where auth_strategy is said and
keeps strangers out, and otherwise 127.0.0.1.  With noauth, which lets everybody
do everything, another address is refused, unless noauth_anywhere is true.""",
    ),
    Option(
        name="bind_port",
        also=in_default("api_port"),
        type=PORT,
        default=9292,
        daemons=("api",),
        help="The TCP port of the API.  0 takes any that is free.",
    ),
    Option(
        name="registry_bind_host",
        alone=("bind_host",),
        type=TEXT,
        default=None,
        daemons=("registry",),
        help="""
The address the registry listens at: an IPv4 or IPv6 address, or unix: and the
path of a socket.  Unless it is said, it is 0.0.0.0 where there is a
registry_secret, and 127.0.0.1 where there is none; any wider address is then
refused.  With both daemons in one process the registry listens only if this
option or registry_bind_port is set.""",
    ),
    Option(
        name="registry_bind_port",
        alone=("bind_port",),
        type=PORT,
        default=9191,
        daemons=("registry",),
        help="The TCP port of the registry.  0 takes any that is free.",
    ),
    Option(
        name="backlog",
        type=types.Integer(min=1, max=65535),
        default=4096,
        daemons=("api", "registry"),
        help="How many connections may wait to be accepted.",
    ),
    Option(
        name="workers",
        type=Workers(),
        default=1,
        daemons=("api",),
        help="""
How many processes serve the API, at one port; auto is one for each processor.
With more than one, another process looks after them.  They share upload_memory.
The registry daemon is one process in any case.""",
    ),
    Option(
        name="client_socket_timeout",
        type=SECONDS,
        default=900,
        daemons=("api", "registry"),
        help="""
After how many seconds in which nothing comes from a client, or nothing goes to
it, it is given up.  0 waits for ever.""",
    ),
    Option(
        name="client_header_timeout",
        type=SECONDS,
        default=60,
        daemons=("api", "registry"),
        help="""
How many seconds a client may take to send the headers of a request, from their
first byte on; and then once more for its JSON.  0 is as long as
client_socket_timeout.""",
    ),
    Option(
        name="max_header_line",
        type=types.Integer(min=1024, max=1 << 20),
        default=1 << 14,
        daemons=("api", "registry"),
        help="""
How many bytes the first line of a request may have, and each of its headers.  All
together may have eight times as many.  More is needed only for long tokens.""",
    ),
    Option(
        name="minimum_upload_rate",
        type=RATE,
        default=0,
        daemons=("api",),
        help="""
How many bytes a second a client has to send of its data, averaged over half a
minute.  The time in which the daemon cannot take more is not counted.  0 is any
number.""",
    ),
    Option(
        name="minimum_download_rate",
        type=RATE,
        default=0,
        daemons=("api",),
        help="""
How many bytes a second a client has to read of what it asked for, averaged over
half a minute.  The time in which the daemon has no more for it is not counted.
0 is any number.""",
    ),
    Option(
        name="graceful_shutdown_timeout",
        type=SECONDS,
        default=60,
        daemons=("api", "registry"),
        help="""
For how many seconds transfers in flight may go on when the daemon is told to
stop.""",
    ),
    Option(
        name="public_endpoint",
        type=TEXT,
        default=None,
        daemons=("api",),
        help="""
The URL that clients reach the API at, such as https://images.example.com.
Unless it is said, links in answers begin as the request did.""",
    ),
    Option(
        name="enable_proxy_headers_parsing",
        section="oslo_middleware",
        also=in_default("enable_proxy_headers_parsing"),
        type=FLAG,
        default=False,
        daemons=("api",),
        help="""
Whether Forwarded, or X-Forwarded-For, X-Forwarded-Proto and X-Forwarded-Host,
of a trusted proxy are believed.""",
    ),
    Option(
        name="trusted_proxies",
        section="oslo_middleware",
        also=in_default("trusted_proxies"),
        type=LIST,
        default="127.0.0.0/8,::1/128",
        daemons=("api", "registry"),
        help="The addresses and networks of the proxies that are trusted.",
    ),
)

IDENTITY = (
    Option(
        name="auth_strategy",
        type=TEXT,
        default=None,
        daemons=("api", "registry"),
        help="""
How the API knows who asks.  local: by name and password, or a token, of those in
users_file.  keystone: by a token of the Keystone that [keystone_authtoken] names.
trusted_headers: by X-User-Id, X-Tenant-Id, X-Roles and X-Identity-Status, which one
of trusted_proxies sets; only behind one that nobody can go around.  noauth: everybody
is an administrator.  Unless it is said, it is local.  The registry daemon believes
headers, too, with trusted_headers; nothing else has an effect there.""",
    ),
    Option(
        name="flavor",
        section="paste_deploy",
        type=TEXT,
        default=None,
        daemons=("api",),
        help="""
How Glance chooses what auth_strategy does: one with keystone in it, such as
keystone+caching, is auth_strategy = keystone, and one with trusted-auth is
auth_strategy = trusted_headers.  Nothing else in it has an effect.""",
    ),
    Option(
        name="users_file",
        type=TEXT,
        default=None,
        daemons=("api",),
        help="""
The file of those who may log in, with auth_strategy = local.  Where there is
none, it is made at the start with an administrator, and clouds.yaml beside it
says how clients log in as that.  Unless it is said, it is users.sqlite beside the
SQLite database, or else in /var/lib/glance.""",
    ),
    Option(
        name="token_expiration",
        type=SOME_SECONDS,
        default=3600,
        daemons=("api",),
        help="""
For how many seconds a token is good that is given out with auth_strategy =
local.  What has begun by then goes on to its end.""",
    ),
    Option(
        name="region_name",
        type=TEXT,
        default="RegionOne",
        daemons=("api",),
        help="""
What OpenStack's clients are told that the region of this service is, with
auth_strategy = local.""",
    ),
    Option(
        name="allow_anonymous_read",
        also=in_default("allow_anonymous_access"),
        type=FLAG,
        default=False,
        daemons=("api",),
        help="""
Whether those who don't say who they are may see and fetch what all may, with
auth_strategy = local or keystone.""",
    ),
    Option(
        name="noauth_anywhere",
        type=FLAG,
        default=False,
        daemons=("api",),
        help="""
Whether noauth may listen at an address that other machines reach.  Whoever
reaches it can then read, change and delete every image.""",
    ),
    Option(
        name="trust_identity_headers",
        type=FLAG,
        default=False,
        daemons=("api", "registry"),
        help="""
The older way to say auth_strategy = trusted_headers.""",
    ),
    Option(
        name="admin_role",
        type=TEXT,
        default="admin",
        daemons=("api", "registry"),
        help="The role that makes somebody an administrator.",
    ),
    Option(
        name="owner_is_tenant",
        type=FLAG,
        default=True,
        daemons=("api", "registry"),
        help="Whether an image belongs to a tenant.  Otherwise it does to a user.",
    ),
)

POLICIES = (
    Option(
        name="policy_file",
        section="oslo_policy",
        also=in_default("policy_file"),
        type=TEXT,
        default=None,
        daemons=("api",),
        reloadable=True,
        help="""
The file of rules that say who may do what, in place of those that hold otherwise.
If it has no whole path, it is looked for beside the configuration files.  Unless it
is said, it is policy.yaml, if there is one, or else policy.json.""",
    ),
    Option(
        name="policy_dirs",
        section="oslo_policy",
        also=in_default("policy_dirs"),
        type=LIST,
        repeated=True,
        default=None,
        daemons=("api",),
        reloadable=True,
        help="""
Directories with more files of such rules.  They count in the order of their names,
after policy_file: of each rule the last.  Unless it is said, it is policy.d beside the
configuration files, if there is one.""",
    ),
    Option(
        name="property_protection_file",
        type=TEXT,
        default=None,
        daemons=("api",),
        reloadable=True,
        help="""
The file that says who may create, read, update and delete which custom properties.
If it has no whole path, it is looked for beside the configuration files.  Unless it
is said, whoever may change an image may do so with its properties.""",
    ),
    Option(
        name="property_protection_rule_format",
        type=types.String(choices=["roles", "policies"]),
        default="roles",
        daemons=("api",),
        reloadable=True,
        help="""
What property_protection_file names: roles, or rules of policy_file (policies).""",
    ),
)

LOGGING = (
    Option(
        name="verbose",
        type=FLAG,
        default=True,
        daemons=("api", "registry"),
        reloadable=True,
        help="""
Whether more than warnings and errors is logged, such as a line for each
request.""",
    ),
    Option(
        name="debug",
        type=FLAG,
        default=False,
        daemons=("api", "registry"),
        reloadable=True,
        help="Whether all is logged that may help to find a mistake.",
    ),
    Option(
        name="log_file",
        also=in_default("logfile"),
        type=TEXT,
        default=None,
        daemons=("api", "registry"),
        help="""
The file to log to.  Unless it or log_dir is said, it is standard output.""",
    ),
    Option(
        name="log_dir",
        also=in_default("logdir"),
        type=TEXT,
        default=None,
        daemons=("api", "registry"),
        help="""
The directory of log_file; that file is called after the daemon unless it is
said.""",
    ),
    Option(
        name="use_json",
        type=FLAG,
        default=False,
        daemons=("api", "registry"),
        help="Whether a line of the log is a JSON object.",
    ),
    Option(
        name="default_log_levels",
        type=LIST,
        default="sqlalchemy=WARN,alembic=WARN,twisted.web=WARN",
        daemons=("api", "registry"),
        reloadable=True,
        help="""
The least level that is logged of a part of the program, as NAME=LEVEL.  Levels
are DEBUG, INFO, WARN, ERROR and CRITICAL.""",
    ),
)
