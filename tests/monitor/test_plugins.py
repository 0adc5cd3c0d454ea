"""One more plugin is one new file; a broken one fails loudly."""

import importlib
import sys

import pytest

from monitor.plugins import discover


@pytest.fixture
def package(tmp_path):
    folder = tmp_path / "plugins_under_test"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    sys.path.insert(0, str(tmp_path))
    yield folder
    sys.path.remove(str(tmp_path))
    for name in [n for n in sys.modules if n.startswith("plugins_under_test")]:
        del sys.modules[name]


def found(kind=int):
    importlib.invalidate_caches()
    return discover(importlib.import_module("plugins_under_test"), kind)


def test_a_new_file_is_a_new_plugin(package):
    (package / "one.py").write_text("PLUGIN = 1")
    (package / "helper.py").write_text("x = 1")
    assert found() == {"one": 1}


def test_a_wrong_kind_is_loud(package):
    (package / "one.py").write_text("PLUGIN = 'text'")
    with pytest.raises(TypeError, match=r"one\.PLUGIN"):
        found()


def test_an_import_error_is_loud(package):
    (package / "one.py").write_text("import no_such_module_at_all")
    with pytest.raises(ImportError):
        found()
