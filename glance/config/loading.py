"""
From files to settings.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

from attrs import evolve
from oslo_config import cfg

from glance.config.backends.choosing import sections
from glance.config.backends.kind import scoped
from glance.config.deciding import decide
from glance.config.effect import warnings
from glance.config.files import (
    Written,
    find,
    last_written,
    parse,
    usual_directories,
    within,
)
from glance.config.option import Option
from glance.config.options import OPTIONS
from glance.config.policies import policy
from glance.config.properties import described
from glance.config.settings import (
    ConfigurationError,
    Endpoint,
    Policy,
    Service,
    Settings,
    Source,
)
from glance.config.values import Values

STAYING = (
    "bind_host",
    "bind_port",
    "registry_bind_host",
    "registry_bind_port",
    "backlog",
    "workers",
    "connection",
    "log_file",
    "log_dir",
    "use_json",
)
"""
The options of what stays while processes come and go.
"""


def load(
    service: Service,
    *,
    config_files: Sequence[str] = (),
    config_dirs: Sequence[str] = (),
    directories: Sequence[str] | None = None,
) -> Settings:
    """
    Read the settings of a daemon.

    Without any file or directory files are looked for; there may be none.

    @param config_files: the files to read; a later one has precedence.
    @param config_dirs: directories; of each the files that end in C{.conf} are
        read, by their names, after C{config_files}.
    @param directories: where to look for files when none are given; L{None}
        for the working directory, the home directory and C{/etc}.

    @raise ConfigurationError: something in them cannot be.
    """
    if directories is None:
        directories = usual_directories()
    return _load(
        Source(
            service=service,
            config_files=tuple(str(Path(f).absolute()) for f in config_files),
            config_dirs=tuple(str(Path(d).absolute()) for d in config_dirs),
            search_path=tuple(directories),
        )
    )


def reload(settings: Settings) -> tuple[Settings, tuple[str, ...]]:
    """
    Read again what settings were read from.

    @return: the settings with the changes that can be made while the daemon
        runs, and the names of the options with changes that cannot.

    @raise ConfigurationError: something in the files cannot be.
    """
    fresh = _load(settings.source)
    changed = {
        name: value
        for name, value in fresh.values.items()
        if value != settings.values.get(name)
    }
    changed |= dict.fromkeys(settings.values.keys() - fresh.values.keys())
    values = {
        **settings.values,
        **{n: v for n, v in changed.items() if _reloadable(n)},
    }
    return (
        evolve(
            settings,
            api=_place(settings.api, fresh.api),
            registry_listen=_place(settings.registry_listen, fresh.registry_listen),
            limits=fresh.limits,
            policy=fresh.policy,
            log=evolve(settings.log, level=fresh.log.level, levels=fresh.log.levels),
            files=fresh.files,
            warnings=fresh.warnings,
            values=values,
        ),
        (
            *(name for name in changed if not _reloadable(name)),
            *_turned(settings, fresh),
        ),
    )


def _place(old: Endpoint | None, fresh: Endpoint | None) -> Endpoint | None:
    """
    Get a place that stays, with the certificate that it is to have.
    """
    if old is None or fresh is None or old.tls is None or fresh.tls is None:
        return old
    return evolve(old, tls=fresh.tls)


def _turned(old: Settings, fresh: Settings) -> Iterator[str]:
    """
    Name the options that would have a port speak TLS that doesn't, or none any more.
    """
    for option, place in old.places.items():
        then = fresh.places.get(option)
        if then is not None and (then.tls is None) != (place.tls is None):
            yield option.replace("bind_port", "cert_file")


def _reloadable(name: str) -> bool:
    # The options of single stores aren't.
    return name in OPTIONS and OPTIONS[name].reloadable


def renew(settings: Settings) -> tuple[Settings, tuple[str, ...]]:
    """
    Read again what settings were read from, for processes that are to take the
    place of others.

    @return: the settings, those of what stays as they were, and the names of the
        options that are of such and have changed.

    @raise ConfigurationError: something in the files cannot be.
    """
    fresh = _load(settings.source)
    log = evolve(
        fresh.log,
        file=settings.log.file,
        option=settings.log.option,
        format=settings.log.format,
    )
    kept = {name: settings.values[name] for name in STAYING}
    return (
        evolve(
            fresh,
            api=_place(settings.api, fresh.api),
            registry_listen=_place(settings.registry_listen, fresh.registry_listen),
            database=settings.database,
            workers=settings.workers,
            log=log,
            values={**fresh.values, **kept},
        ),
        (
            *(name for name, value in kept.items() if fresh.values[name] != value),
            *_turned(settings, fresh),
        ),
    )


def _load(source: Source) -> Settings:
    files = (*source.config_files, *within(source.config_dirs))
    if not files:
        files = find(source.service, source.search_path)
    written = [entry for file in files for entry in parse(file)]
    options = _read(source.service, files, written)
    serves_api = source.service != "registry"
    beside = tuple(_beside(source, files)) if serves_api else ()
    said = policy(options, beside) if serves_api else Policy()
    return decide(
        source=source,
        properties=described(beside) if serves_api else None,
        policy=said,
        files=files,
        warnings=warnings(source.service, written, options.options) + said.warnings,
        options=options,
    )


def _beside(source: Source, files: Sequence[str]) -> Iterator[str]:
    """
    Name the directories of other files that a daemon reads, the first first.
    """
    yield from source.config_dirs
    yield from dict.fromkeys(str(Path(file).parent) for file in reversed(files))
    yield from source.search_path


def _read(service: Service, files: Sequence[str], written: Sequence[Written]) -> Values:
    """
    Give each option its value, and say of those that are written where.
    """
    conf = cfg.ConfigOpts()
    values: dict[str, Any] = {}
    origins: dict[str, Written] = {}

    def read(options: Mapping[str, Option]) -> None:
        for option in options.values():
            _register(conf, service, option)
        for key, option in options.items():
            entry = last_written(written, option.places(service))
            value = _value(conf, service, option, entry)
            if value in (None, "", []):
                value = _default(option)
            elif entry is not None:
                origins[key] = entry
            values[key] = value

    with _quiet():
        conf(
            args=[],
            default_config_files=list(files),
            default_config_dirs=[],
            use_env=False,
        )
        read(OPTIONS)
        usual = Values(values, origins, OPTIONS)
        of_stores = {
            key: option
            for section, kind in sections(usual).items()
            for key, option in scoped(section, kind).items()
        }
        read(of_stores)
    return Values(values, origins, {**OPTIONS, **of_stores})


def _default(option: Option) -> Any:
    return None if option.default is None else option.type(option.default)


def _register(conf: cfg.ConfigOpts, service: Service, option: Option) -> None:
    (section, name), *others = option.places(service)
    conf.register_opt(
        (cfg.MultiOpt if option.repeated else cfg.Opt)(
            name,
            option.type,
            default=option.default,
            deprecated_opts=[cfg.DeprecatedOpt(n, group=s) for s, n in others],
        ),
        group=section,
    )


def _value(
    conf: cfg.ConfigOpts, service: Service, option: Option, entry: Written | None
) -> Any:
    section, name = option.places(service)[0]
    try:
        value = conf[section][name]
        return list(chain(*value or ())) if option.repeated else value
    except ValueError:
        shown = "what it is" if option.secret or not entry else repr(entry.value)
        raise ConfigurationError(
            f"{entry} must be {option.must}, not {shown}"
        ) from None
    except RecursionError:
        raise ConfigurationError(
            f"{entry} is said by itself, with a $: write $$ for a dollar sign"
        ) from None
    except cfg.Error:
        raise ConfigurationError(
            f"{entry} names an option after $ that there is none of: write $$ for a "
            "dollar sign"
        ) from None


@contextmanager
def _quiet() -> Iterator[None]:
    """
    Keep it unsaid that a name is an older one.
    """
    logger = logging.getLogger(cfg.__name__)

    def nothing(record: logging.LogRecord) -> bool:
        return False

    logger.addFilter(nothing)
    try:
        yield
    finally:
        logger.removeFilter(nothing)
