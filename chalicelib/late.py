"""Routes that are imported when they are first asked for: a cold start pays for what it serves, however much there is."""

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chalicelib.http import Routes


class LateRoutes(MutableMapping[str, dict[str, Any]]):
    """What Chalice keeps of routes: by path, and then by method. To look at all of them is to import all of them.

    `places` names the modules that have `routes`, and the paths at or below which each serves; the longest path decides.
    """

    def __init__(self, register: 'Callable[[Routes], None]', places: Mapping[str, tuple[str, ...]]) -> None:
        self._register = register
        self._modules = tuple(places)
        self._places = {path: module for module, paths in places.items() for path in paths}
        self._loaded: dict[str, Routes] = {}
        self._known: dict[str, dict[str, Any]] = {}

    def module_of(self, path: str) -> str | None:
        while path and path not in self._places:
            path = path.rpartition('/')[0]
        return self._places.get(path)

    def all(self) -> 'list[Routes]':
        return [self._load(module) for module in self._modules]

    def _load(self, module: str) -> 'Routes':
        if module not in self._loaded:
            self._loaded[module] = import_module(module).routes
            self._register(self._loaded[module])
        return self._loaded[module]

    def __getitem__(self, path: str) -> dict[str, Any]:
        """Chalice looks routes up by this, and adds them by this."""
        if path not in self._known and (module := self.module_of(path)):
            self._load(module)
        return self._known.setdefault(path, {})

    def __setitem__(self, path: str, methods: dict[str, Any]) -> None:
        self._known[path] = methods

    def __delitem__(self, path: str) -> None:
        del self._known[path]

    def __iter__(self) -> Iterator[str]:
        self.all()
        return iter(self._known)

    def __len__(self) -> int:
        self.all()
        return len(self._known)
