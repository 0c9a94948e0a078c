"""Arrays in and out, objects, and views of values where they lie.

An element of an array is, as a string of the store, what a Redis client would write: an integer its
digits, a float the shortest text that means it, a bool 1 or 0, fixed-width bytes (numpy's ``S``)
themselves without the zeros that numpy pads them with, and raw records (``V``, or any array
seen as such by ``.view("V8")``) all of their bytes. Going back, `dtype` says what the strings are
to become; ``"S"`` takes the width of the longest.
ValueError: a string is not of that type.

numpy is loaded by the first call that needs it, msgpack likewise.
"""

from __future__ import annotations

import sys

from ._core import _ember
from .exceptions import DataError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    import numpy as np
    from numpy.typing import ArrayLike, DTypeLike

    from .client import Ember

    Array = np.ndarray[Any, Any]

NPY_MAGIC = b"\x93NUMPY"


def _numpy() -> Any:
    import numpy

    return numpy


def _with_tuples_as_keys(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, Any]:
    return {tuple(key) if type(key) is list else key: value for key, value in pairs}


def _unmasked(values: ArrayLike) -> ArrayLike:
    """The same; DataError if something in it is masked, which has no value."""
    ma = sys.modules.get("numpy.ma")
    if ma is not None and ma.is_masked(values):
        raise DataError("the array has masked elements, which have no value: see its filled()")
    return values


def _npy_header(view: memoryview) -> tuple[tuple[int, ...], bool, Any, int]:
    """Shape, whether columns come first, dtype, where the elements begin. ValueError if damaged.

    numpy reads the third version of the format, and long headers, from its own files only.
    """
    from ast import literal_eval

    digits = {1: 2, 2: 4, 3: 4}.get(view[6]) if len(view) > 8 else None
    if digits is None:
        raise ValueError("its version is unknown")
    end = 8 + digits + int.from_bytes(view[8 : 8 + digits], "little")
    text = bytes(view[8 + digits : end])
    try:
        head = literal_eval(text.decode("utf-8" if view[6] == 3 else "latin-1"))
        dtype = _numpy().lib.format.descr_to_dtype(head["descr"])
        return tuple(map(int, head["shape"])), bool(head["fortran_order"]), dtype, end
    except (SyntaxError, TypeError, KeyError, IndexError, RecursionError, MemoryError) as error:
        raise ValueError(str(error)) from None


def _column(values: ArrayLike) -> _ember.Column:
    """One dimension of anything that numpy takes, as arguments of a command."""
    np = _numpy()
    array = np.ascontiguousarray(_unmasked(values))
    if array.ndim != 1:
        raise DataError("an array of one dimension is wanted")
    if array.dtype.kind == "U":
        array = np.char.encode(array, "utf-8")
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    kind, width = array.dtype.kind, array.dtype.itemsize
    if kind not in "SViufb" or (kind == "f" and width not in (4, 8)) or width == 0:
        if kind not in "SU" or width:
            raise DataError(f"an array of {array.dtype} cannot be stored element by element")
        array, width = array.astype("S1"), 1
    return _ember.Column(array.view(np.uint8) if array.size else b"", kind, width)


def _columns(*values: ArrayLike) -> list[_ember.Column]:
    columns = [_column(v) for v in values]
    if len({c.count for c in columns}) > 1:
        raise DataError("arrays of the same length are wanted")
    return columns


def _writable(array: Array) -> _ember.Column:
    """Strings are read into this one."""
    dtype = array.dtype
    if dtype.kind not in "SViufb" or (dtype.kind == "f" and dtype.itemsize not in (4, 8)):
        raise DataError(f"an array of {dtype} cannot be made of strings")
    raw = array.view(_numpy().uint8) if array.size else bytearray()
    return _ember.Column(raw, dtype.kind, dtype.itemsize, True)


def _read(
    tape: _ember.Tape,
    dtypes: list[DTypeLike],
    present: bytearray | None = None,
    whole: bool = False,
) -> list[Array]:
    """The reply's columns as arrays."""
    np = _numpy()
    rows = tape.rows(len(dtypes))
    arrays, columns = [], []
    for i, wanted in enumerate(dtypes):
        dtype = np.dtype(wanted)
        if dtype.kind == "S" and dtype.itemsize == 0:
            dtype = np.dtype(("S", max(tape.width(len(dtypes), i), 1)))
        arrays.append(np.empty(rows, dtype.newbyteorder("=")))
        columns.append(_writable(arrays[-1]))
    tape.read(columns, present, whole)
    return arrays


class Arrays:
    """Mixin of `Ember`: the calls that take and give arrays. None of them makes an object for each
    element; each is one command, so nobody sees it half done."""

    if TYPE_CHECKING:

        @property
        def _session(self) -> _ember.Session: ...

        def execute_command(self, *args: Any, **options: Any) -> Any: ...

    def _run(self, head: tuple[Any, ...], *columns: ArrayLike) -> _ember.Tape:
        return _ember.run_columns(self._session, head, _columns(*columns))

    def _of_members(self, command: str, name: Any, members: ArrayLike, dtype: DTypeLike) -> Array:
        """What the command says of each of `members`."""
        (column,) = _columns(members)
        values = _numpy().empty(column.count, dtype)
        if column.count and _ember.read_members(self._session, name, column, _writable(values)):
            return values
        return _read(_ember.run_columns(self._session, (command, name), [column]), [dtype])[0]

    # Keys

    def mset_array(self, keys: ArrayLike, values: ArrayLike) -> bool:
        """Set each of `keys` to the value beside it. True. O(n). MSET."""
        if not len(_numpy().asarray(keys)):
            return True
        self._run(("MSET",), keys, values).value()
        return True

    def mget_array(self, keys: ArrayLike, dtype: DTypeLike = "S") -> tuple[Array, Array]:
        """The strings at `keys` as an array of `dtype`, and an array of bool: which were there.

        What is missing is zero, NaN or empty. O(n). MGET.
        """
        np = _numpy()
        n = len(np.asarray(keys))
        if n == 0:
            return np.empty(0, dtype if np.dtype(dtype).itemsize else "S1"), np.empty(0, bool)
        present = bytearray(b"\1") * n
        wanted = np.dtype(dtype)
        if wanted.itemsize and wanted.isnative:
            (column,), values = _columns(keys), np.empty(n, wanted)
            out = _writable(values)
            if _ember.read_strings(self._session, column, out, present):
                return values, np.frombuffer(present, bool)
            present = bytearray(b"\1") * n
        (values,) = _read(self._run(("MGET",), keys), [dtype], present)
        return values, np.frombuffer(present, bool)

    # Lists and sets

    def rpush_array(self, name: Any, values: ArrayLike) -> int:
        """Push `values` to the right; the new length. O(n). RPUSH."""
        return self._run(("RPUSH", name), values).value()

    def lpush_array(self, name: Any, values: ArrayLike) -> int:
        """Push `values` one by one to the left; the new length. O(n). LPUSH."""
        return self._run(("LPUSH", name), values).value()

    def lrange_array(self, name: Any, start: int, end: int, dtype: DTypeLike = "S") -> Array:
        """Elements `start` to `end`, both included. LRANGE."""
        np = _numpy()
        wanted = np.dtype(dtype)
        if wanted.itemsize and wanted.isnative:
            values = np.empty(0, wanted)

            def make(count: int) -> _ember.Column:
                nonlocal values
                values = np.empty(count, wanted)
                return _writable(values)

            if _ember.read_range(self._session, name, start, end, make):
                return values
        return _read(self._run(("LRANGE", name, start, end)), [dtype])[0]

    def sadd_array(self, name: Any, members: ArrayLike) -> int:
        """Add `members`; how many are new. O(n). SADD."""
        return self._run(("SADD", name), members).value()

    def srem_array(self, name: Any, members: ArrayLike) -> int:
        """Remove `members`; how many were there. O(n). SREM."""
        return self._run(("SREM", name), members).value()

    def smembers_array(self, name: Any, dtype: DTypeLike = "S") -> Array:
        """All members, in no order. O(n). SMEMBERS."""
        return _read(self._run(("SMEMBERS", name)), [dtype])[0]

    def smismember_array(self, name: Any, members: ArrayLike) -> Array:
        """For each of `members` whether it is one: an array of bool. O(n). SMISMEMBER."""
        return self._of_members("SMISMEMBER", name, members, bool)

    # Sorted sets

    def zadd_array(
        self,
        name: Any,
        members: ArrayLike,
        scores: ArrayLike,
        nx: bool = False,
        xx: bool = False,
        ch: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> int:
        """Set the scores of `members` to those beside them; how many are new. See `zadd`. ZADD."""
        flags = {"NX": nx, "XX": xx, "GT": gt, "LT": lt, "CH": ch}
        head = ("ZADD", name, *(word for word, wanted in flags.items() if wanted))
        return self._run(head, scores, members).value()

    def zrange_array(
        self,
        name: Any,
        start: Any,
        end: Any,
        desc: bool = False,
        byscore: bool = False,
        bylex: bool = False,
        offset: int | None = None,
        num: int | None = None,
        dtype: DTypeLike = "S",
    ) -> tuple[Array, Array]:
        """Members of `dtype` and their scores as float64, in order. See `zrange`. ZRANGE."""
        words = ["BYSCORE"] * byscore + ["BYLEX"] * bylex + ["REV"] * desc
        if offset is not None or num is not None:
            words += ["LIMIT", offset or 0, -1 if num is None else num]  # type: ignore[list-item]
        if bylex:  # all scores are the same then, and the server does not tell them
            (members,) = _read(self._run(("ZRANGE", name, start, end, *words)), [dtype])
            return members, self.zmscore_array(name, members)
        tape = self._run(("ZRANGE", name, start, end, *words, "WITHSCORES"))
        members, scores = _read(tape, [dtype, "f8"])
        return members, scores

    def zmscore_array(self, name: Any, members: ArrayLike) -> Array:
        """The scores of `members` as float64, NaN for one that is missing. O(n). ZMSCORE."""
        if not len(_numpy().asarray(members)):
            return _numpy().empty(0)
        return self._of_members("ZMSCORE", name, members, "f8")

    # Bitmaps

    def setbits_array(self, name: Any, bits: ArrayLike, offset: int = 0) -> None:
        """Set the bits from `offset` on to those of an array of bool (or of numbers, not 0: set).

        Whole bytes, as an array of uint8, are written by ``setrange(name, offset // 8, array)``.
        O(n). SETRANGE.
        """
        np = _numpy()
        array = np.asarray(_unmasked(bits)).astype(bool)
        if array.ndim != 1:
            raise DataError("an array of one dimension is wanted")
        first, lead = divmod(offset, 8)
        if array.size == 0:
            return
        # One bit at a time where a byte is shared with others, whole bytes in between.
        head = min(array.size, -lead % 8)
        tail = (array.size - head) % 8
        ends = [*range(head), *range(array.size - tail, array.size)]
        pieces = [p for i in ends for p in ("SET", "u1", offset + i, int(array[i]))]
        with self.transaction():  # type: ignore[attr-defined]
            if pieces:
                self.execute_command("BITFIELD", name, *pieces)
            if array.size > head + tail:
                packed = np.packbits(array[head : array.size - tail])
                self.execute_command("SETRANGE", name, first + (lead > 0), packed.tobytes())

    def getbits_array(self, name: Any, start: int = 0, count: int | None = None) -> Array:
        """`count` bits from `start` on as an array of bool; all there are if None.

        Bits behind the end of the string are 0. O(n). GETRANGE.
        """
        np = _numpy()
        if start < 0 or (count is not None and count < 0):
            raise DataError("start and count are not negative")
        with self.view(name) or memoryview(b"") as view:
            if count is None:
                count = max(8 * len(view) - start, 0)
            raw = np.frombuffer(view[start // 8 : (start + count + 7) // 8], np.uint8)
            bits = np.unpackbits(raw)[start % 8 : start % 8 + count].astype(bool)
        return np.pad(bits, (0, count - bits.size))

    # HyperLogLog and geo

    def pfadd_array(self, name: Any, values: ArrayLike) -> int:
        """Add `values` to a HyperLogLog; 1 if its estimate may have changed. O(n). PFADD."""
        return self._run(("PFADD", name), values).value()

    def geoadd_array(
        self,
        name: Any,
        longitudes: ArrayLike,
        latitudes: ArrayLike,
        members: ArrayLike,
        nx: bool = False,
        xx: bool = False,
        ch: bool = False,
    ) -> int:
        """Put `members` at the positions beside them, in degrees; how many are new. GEOADD."""
        head = ("GEOADD", name, *(["NX"] * nx), *(["XX"] * xx), *(["CH"] * ch))
        return self._run(head, longitudes, latitudes, members).value()

    def geopos_array(self, name: Any, members: ArrayLike) -> Array:
        """Longitude and latitude of each of `members`: float64 of shape (n, 2), NaN if missing."""
        np = _numpy()
        if not len(np.asarray(members)):
            return np.empty((0, 2))
        tape = self._run(("GEOPOS", name), members)
        return np.column_stack(_read(tape, ["f8", "f8"], None, True))

    def geosearch_array(
        self,
        name: Any,
        member: Any = None,
        longitude: float | None = None,
        latitude: float | None = None,
        unit: str = "m",
        radius: float | None = None,
        width: float | None = None,
        height: float | None = None,
        sort: str | None = None,
        count: int | None = None,
        any: bool = False,
        dtype: DTypeLike = "S",
    ) -> tuple[Array, Array, Array]:
        """Members in a circle or a box, their distances in `unit`, and positions of shape (n, 2).

        Around `member`, or `longitude` and `latitude`; see `geosearch`. GEOSEARCH.
        """
        np = _numpy()
        around: tuple[Any, ...] = ("FROMLONLAT", longitude, latitude)
        if member is not None:
            around = ("FROMMEMBER", member)
        by: tuple[Any, ...] = ("BYBOX", width, height, unit)
        if radius is not None:
            by = ("BYRADIUS", radius, unit)
        order = (sort,) if sort else ()
        most = ("COUNT", count, *(["ANY"] * any)) if count is not None else ()
        tape = self._run(("GEOSEARCH", name, *around, *by, *order, *most, "WITHDIST", "WITHCOORD"))
        members, distances, longitudes, latitudes = _read(tape, [dtype, "f8", "f8", "f8"])
        return members, distances, np.column_stack((longitudes, latitudes))

    # Whole arrays and objects

    def put_array(self, name: Any, array: ArrayLike, **options: Any) -> Any:
        """Set `name` to an array, with its shape and dtype, in numpy's ``.npy`` format.

        `options` are those of `set`. DataError for an array of objects, or with masked elements.
        O(bytes). SET.
        """
        from io import BytesIO

        np = _numpy()
        out = BytesIO()
        whole = np.asarray(_unmasked(array))
        if whole.dtype.hasobject:
            raise DataError("an array of objects cannot be stored")
        np.lib.format.write_array(out, whole, allow_pickle=False)
        return self.set(name, out.getbuffer(), **options)  # type: ignore[attr-defined]

    def get_array(self, name: Any, copy: bool = True) -> Array | None:
        """The array that `put_array` put there, None if missing.

        With `copy=False` it is read-only and lies in the store itself: no byte is copied, however
        large it is, and it stays as it is though `name` is changed or deleted. See `view`.
        DataError if the string is no array. O(bytes), or O(1).
        """
        np = _numpy()
        view = self.view(name)
        if view is None:
            return None
        if bytes(view[:6]) != NPY_MAGIC:
            raise DataError(f"there is no array at {name!r}")
        try:
            shape, columns_first, dtype, offset = _npy_header(view)
            count = 1
            for size in shape:
                count *= size
            flat = np.frombuffer(view, dtype, count, offset)
        except ValueError as error:
            raise DataError(f"the array at {name!r} is damaged: {error}") from None
        array = flat.reshape(shape, order="F" if columns_first else "C")
        return array.copy(order="K") if copy else array

    def view(self, name: Any) -> memoryview | None:
        """The string at `name` as a read-only memoryview, None if missing. O(1).

        A string of more than 1,024 bytes is not copied: the view shows the store's own memory, and
        what it shows stays as it is until it is released or collected, though others change or
        delete the key meanwhile, in this or another process. The memory is given back after that,
        and the store closed. (Inside a transaction it is a copy: that could still be undone.)
        """
        return _ember.view_of(self._session, name)

    def put(self, name: Any, value: Any, **options: Any) -> Any:
        """Set `name` to an object: None, bool, int, float, str, bytes, list, dict, datetime of UTC.

        In msgpack, which other languages read. `options` are those of `set`. TypeError for an
        object of another kind. SET.
        """
        import msgpack

        packed = msgpack.packb(value, datetime=True)
        return self.set(name, packed, **options)  # type: ignore[attr-defined]

    def fetch(self, name: Any, default: Any = None) -> Any:
        """The object that `put` put there, `default` if missing. DataError if it is none. GET."""
        import msgpack

        view = self.view(name)
        if view is None:
            return default
        try:
            try:
                return msgpack.unpackb(view, timestamp=3, strict_map_key=False)
            except TypeError:  # a dict has sequences as keys
                hook = _with_tuples_as_keys
                return msgpack.unpackb(
                    view, timestamp=3, strict_map_key=False, object_pairs_hook=hook
                )
        except (ValueError, TypeError, msgpack.exceptions.UnpackException) as error:
            why = str(error) or type(error).__name__
            raise DataError(f"there is no object at {name!r}: {why}") from None


if TYPE_CHECKING:

    def _is_mixed_in(db: Ember[bytes]) -> Arrays:
        return db
