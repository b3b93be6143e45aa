"""Each package's `__all__` is sorted and is exactly what the package shows."""

import importlib
from types import ModuleType

import pytest

FRAMEWORKS = {
    "routellm_core": "numpy",
    "langchain_routellm": "langchain_core",
    "llamaindex_routellm": "llama_index.core",
}


@pytest.fixture(params=FRAMEWORKS)
def package(request: pytest.FixtureRequest) -> ModuleType:
    name: str = request.param
    pytest.importorskip(FRAMEWORKS[name], reason=f"{name} needs {FRAMEWORKS[name]}")
    return importlib.import_module(name)


def test_all_is_sorted_and_names_nothing_twice(package: ModuleType) -> None:
    assert list(package.__all__) == sorted(set(package.__all__))


def test_all_is_exactly_the_public_names(package: ModuleType) -> None:
    # Submodules become attributes once somebody imports them; they are no part of what a package shows.
    shown = {
        name
        for name, value in vars(package).items()
        if not name.startswith("_") and not isinstance(value, ModuleType)
    }

    # A name may also be made on first use, by the package's `__getattr__`.
    lazy = {name for name in package.__all__ if hasattr(package, name)}
    assert shown | {"__version__"} | lazy == set(package.__all__)


def test_every_public_name_says_what_it_is(package: ModuleType) -> None:
    assert package.__doc__
    for name in package.__all__:
        if name != "__version__":
            assert getattr(package, name).__doc__, name


def test_all_packages_have_one_version(package: ModuleType) -> None:
    from importlib.metadata import version

    assert package.__version__ == version("routellm-plugins")


@pytest.mark.parametrize(
    "name",
    [
        "Decision",
        "Router",
        "RouterError",
        "RouterWarning",
        "RoutingPolicy",
        "RoutingRequest",
        "RoutingStats",
        "apgr",
        "calibrate_threshold",
        "cpt",
        "load_router",
        "pgr_curve",
        "routing",
    ],
)
def test_the_promised_names_of_the_core_are_there(name: str) -> None:
    import routellm_core

    assert name in routellm_core.__all__
