"""Registers for the loops of `loops.py`: LLVM code for what numba cannot say.

A register holds the real or the imaginary parts of 16 (complex64) or 8 (complex128) amplitudes;
in a tile they follow each other, real before imaginary. Machines with narrower registers split
each in pieces, which LLVM does. Every intrinsic below is inlined where a loop calls it; numba
caches the loops by the date of their own file, so after a change here touch that one, too.
"""

# numba hands the first argument of an intrinsic, the typing context, to it itself.
# pyright: reportCallIssue=false

from itertools import combinations

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

REGISTER_BYTES = 64


def variants(n_lanes: int) -> list[tuple[int, tuple[int, ...]]]:
    """Kinds of gates: how many of its wires number rows, and which lane bits the others are.

    >>> variants(4)
    [(1, ()), (0, (0,)), (0, (1,)), (2, ()), (1, (0,)), (1, (1,)), (0, (0, 1))]
    """
    bits = range(n_lanes.bit_length() - 1)
    return [
        (wires - low, lane_bits)
        for wires in (1, 2)
        for low in range(wires + 1)
        for lane_bits in combinations(bits, low)
    ]


class _Registers:
    """Loads and stores registers of a tile, and multiplies them, in the code being built."""

    def __init__(self, context, builder, real):
        self.builder = builder
        self.real = context.get_value_type(real)
        self.lanes = 8 * REGISTER_BYTES // real.bitwidth
        self.vector = ir.VectorType(self.real, self.lanes)

    def address(self, data, offset, vector=None):
        pointer = self.builder.gep(data, [offset])
        return self.builder.bitcast(pointer, (vector or self.vector).as_pointer())

    def load(self, data, offset, vector=None):
        vector = vector or self.vector
        size = 4 if vector.element == ir.FloatType() else 8
        return self.builder.load(self.address(data, offset, vector), align=size)

    def store(self, value, data, offset):
        size = 4 if value.type.element == ir.FloatType() else 8
        self.builder.store(value, self.address(data, offset, value.type), align=size)

    def pair(self, data, offset):
        """Real and imaginary register."""
        return self.load(data, offset), self.load(data, self.skip(offset))

    def store_pair(self, pair, data, offset):
        self.store(pair[0], data, offset)
        self.store(pair[1], data, self.skip(offset))

    def skip(self, offset, registers=1):
        return self.builder.add(offset, ir.Constant(offset.type, registers * self.lanes))

    def shuffle(self, a, b, order):
        mask = ir.Constant(ir.VectorType(ir.IntType(32), len(order)), list(order))
        return self.builder.shuffle_vector(a, b, mask)

    def crossed(self, pair, flips):
        """The pair with lane i where lane ``i ^ flips`` was."""
        order = [lane ^ flips for lane in range(self.lanes)]
        return tuple(self.shuffle(part, part, order) for part in pair) if flips else pair

    def multiply_add(self, a, b, total):
        product = self.builder.fmul(a, b, flags=("contract",))
        return product if total is None else self.builder.fadd(total, product, flags=("contract",))

    def add_product(self, a, b, total, conjugate=False):
        """``total + a b`` of complex pairs, or ``total + conj(a) b``."""
        minus = self.builder.fneg(a[1])
        down, up = (a[1], minus) if conjugate else (minus, a[1])
        real = self.multiply_add(down, b[1], self.multiply_add(a[0], b[0], total and total[0]))
        imag = self.multiply_add(up, b[0], self.multiply_add(a[0], b[1], total and total[1]))
        return real, imag


def _data(context, builder, array_type, array):
    return context.make_array(array_type)(context, builder, array).data


@intrinsic
def split(typing, source, start, tile, offset):
    """Copy one register's worth of amplitudes into a tile, real and imaginary parts apart."""

    def code(context, builder, signature, args):
        registers = _Registers(context, builder, source.dtype)
        count = registers.lanes
        source_data = _data(context, builder, source, args[0])
        tile_data = _data(context, builder, tile, args[2])
        a = registers.load(source_data, args[1])
        b = registers.load(source_data, registers.skip(args[1]))
        parts = [registers.shuffle(a, b, range(part, 2 * count, 2)) for part in (0, 1)]
        registers.store_pair(parts, tile_data, args[3])
        return context.get_dummy_value()

    return types.void(source, types.intp, tile, types.intp), code


@intrinsic
def join(typing, tile, offset, target, start):
    """Copy one register's worth of amplitudes out of a tile."""

    def code(context, builder, signature, args):
        registers = _Registers(context, builder, tile.dtype)
        count = registers.lanes
        tile_data = _data(context, builder, tile, args[0])
        target_data = _data(context, builder, target, args[2])
        parts = registers.pair(tile_data, args[1])
        order = [lane + part * count for lane in range(count) for part in (0, 1)]
        halves = [
            registers.shuffle(*parts, order[:count]),
            registers.shuffle(*parts, order[count:]),
        ]
        registers.store(halves[0], target_data, args[3])
        registers.store(halves[1], target_data, registers.skip(args[3]))
        return context.get_dummy_value()

    return types.void(tile, types.intp, target, types.intp), code


def _pointed(registers, index_data, register, shift):
    """Where an index points the lanes of a register to, in real numbers."""
    builder, i64 = registers.builder, register.type
    one = ir.Constant(i64, 1)
    for lane in range(registers.lanes):
        size = ir.Constant(i64, registers.lanes)
        place = builder.add(builder.mul(register, size), ir.Constant(i64, lane))
        row = builder.load(builder.gep(index_data, [builder.lshr(place, shift)]))
        column = builder.and_(place, builder.sub(builder.shl(one, shift), one))
        goal = builder.or_(builder.shl(builder.sext(row, i64), shift), column)
        yield builder.shl(goal, one)


@intrinsic
def gather(typing, source, index, register, shift, tile, offset):
    """As `split`, each amplitude from where the index points; 2**shift lanes share an index."""

    def code(context, builder, signature, args):
        registers = _Registers(context, builder, source.dtype)
        count = registers.lanes
        source_data = _data(context, builder, source, args[0])
        index_data = _data(context, builder, index, args[1])
        pair = ir.VectorType(registers.real, 2)
        pieces = [
            registers.load(source_data, place, pair)
            for place in _pointed(registers, index_data, args[2], args[3])
        ]
        while len(pieces) > 2:
            order = range(2 * pieces[0].type.count)
            pieces = [
                registers.shuffle(a, b, order)
                for a, b in zip(pieces[::2], pieces[1::2], strict=True)
            ]
        parts = [registers.shuffle(*pieces, range(part, 2 * count, 2)) for part in (0, 1)]
        registers.store_pair(parts, _data(context, builder, tile, args[4]), args[5])
        return context.get_dummy_value()

    return types.void(source, index, types.intp, types.intp, tile, types.intp), code


@intrinsic
def scatter(typing, tile, offset, target, index, register, shift):
    """As `join`, each amplitude to where the index points; 2**shift lanes share an index."""

    def code(context, builder, signature, args):
        registers = _Registers(context, builder, tile.dtype)
        parts = registers.pair(_data(context, builder, tile, args[0]), args[1])
        target_data = _data(context, builder, target, args[2])
        index_data = _data(context, builder, index, args[3])
        for lane, place in enumerate(_pointed(registers, index_data, args[4], args[5])):
            amplitude = registers.shuffle(*parts, [lane, lane + registers.lanes])
            registers.store(amplitude, target_data, place)
        return context.get_dummy_value()

    return types.void(tile, types.intp, target, index, types.intp, types.intp), code


def _for_each_kind(builder, registers, kind, emit):
    """Emit a switch over all kinds of gates."""
    end = builder.append_basic_block("end")
    switch = builder.switch(kind, end)
    for number, variant in enumerate(variants(registers.lanes)):
        block = builder.append_basic_block(f"kind{number}")
        switch.add_case(number, block)
        builder.position_at_end(block)
        emit(*variant)
        builder.branch(end)
    builder.position_at_end(end)


def _offsets(builder, registers, number, high, low_bit, high_bit):
    """Where the registers of the group of this number stand: zeros inserted at the gate's bits."""
    one = ir.Constant(number.type, 1)
    for bit in (low_bit, high_bit)[:high]:
        below = builder.sub(builder.shl(one, bit), one)
        upper = builder.shl(builder.and_(number, builder.not_(below)), one)
        number = builder.or_(upper, builder.and_(number, below))
    size = ir.Constant(number.type, 2 * registers.lanes)
    result = [number]
    for bit in (low_bit, high_bit)[:high]:
        result += [builder.or_(row, builder.shl(one, bit)) for row in result]
    return [builder.mul(row, size) for row in result]


def _crossings(lane_bits):
    """Every way to flip the lane bits, as masks."""
    masks = [0]
    for bit in lane_bits:
        masks += [mask | 1 << bit for mask in masks]
    return masks


def _columns(registers, pairs, lane_bits):
    return [registers.crossed(pair, mask) for pair in pairs for mask in _crossings(lane_bits)]


def _multiply(registers, matrix, columns, conjugate=False):
    """Rows of the product of a matrix, as list of rows of pairs, with columns."""
    rows = []
    for row in matrix:
        total = None
        for entry, column in zip(row, columns, strict=True):
            total = registers.add_product(entry, column, total, conjugate)
        rows.append(total)
    return rows


def _matrix(registers, table, offset, high, lane_bits):
    n_columns = 2 ** (high + len(lane_bits))
    rows = range(2**high)
    return [
        [
            registers.pair(table, registers.skip(offset, 2 * (row * n_columns + column)))
            for column in range(n_columns)
        ]
        for row in rows
    ]


@intrinsic
def apply_gate(typing, kind, tile, rows, table, offset, low_bit, high_bit):
    """Multiply a tile by the gate of this kind whose entries stand in the table at the offset."""

    def code(context, builder, signature, args):
        kind, tile_array, rows, table_array, offset, low_bit, high_bit = args
        registers = _Registers(context, builder, tile.dtype)
        tile_data = _data(context, builder, tile, tile_array)
        table_data = _data(context, builder, table, table_array)

        def emit(high, lane_bits):
            matrix = _matrix(registers, table_data, offset, high, lane_bits)
            groups = builder.lshr(rows, ir.Constant(rows.type, high))
            with cgutils.for_range(builder, groups) as loop:
                places = _offsets(builder, registers, loop.index, high, low_bit, high_bit)
                pairs = [registers.pair(tile_data, place) for place in places]
                columns = _columns(registers, pairs, lane_bits)
                for pair, place in zip(_multiply(registers, matrix, columns), places, strict=True):
                    registers.store_pair(pair, tile_data, place)

        _for_each_kind(builder, registers, kind, emit)
        return context.get_dummy_value()

    integer = types.intp
    return types.void(integer, tile, integer, table, integer, integer, integer), code


@intrinsic
def unapply_gate(typing, kind, tile, cotangent, rows, table, sums, offset, low_bit, high_bit):
    """Undo a gate on a state's tile, pull the cotangent's tile back, add up the gate's own.

    The table holds the inverse gate. With psi before the gate and ct after it, the sums gain
    ``ct_i psi_j``, lane by lane in the order of the gate's own table.
    """

    def code(context, builder, signature, args):
        kind, tile_array, cotangent_array, rows, table_array, sums_array = args[:6]
        offset, low_bit, high_bit = args[6:]
        registers = _Registers(context, builder, tile.dtype)
        tile_data = _data(context, builder, tile, tile_array)
        cotangent_data = _data(context, builder, cotangent, cotangent_array)
        table_data = _data(context, builder, table, table_array)
        sums_data = _data(context, builder, sums, sums_array)

        def emit(high, lane_bits):
            matrix = _matrix(registers, table_data, offset, high, lane_bits)
            n_sums = 2 * len(matrix) * len(matrix[0])
            zero = ir.Constant(registers.vector, None)
            totals = [cgutils.alloca_once_value(builder, zero) for _ in range(n_sums)]
            for total in totals:  # a tile's sums start anew
                builder.store(zero, total)
            groups = builder.lshr(rows, ir.Constant(rows.type, high))
            with cgutils.for_range(builder, groups) as loop:
                places = _offsets(builder, registers, loop.index, high, low_bit, high_bit)
                after = [registers.pair(tile_data, place) for place in places]
                before = _multiply(registers, matrix, _columns(registers, after, lane_bits))
                cot = [registers.pair(cotangent_data, place) for place in places]
                columns = _columns(registers, before, lane_bits)
                products = [(c, column) for c in cot for column in columns]
                for number, (c, column) in enumerate(products):
                    real, imag = totals[2 * number : 2 * number + 2]
                    now = builder.load(real), builder.load(imag)
                    new = registers.add_product(c, column, now)
                    builder.store(new[0], real)
                    builder.store(new[1], imag)
                pulled = _multiply(
                    registers, matrix, _columns(registers, cot, lane_bits), conjugate=True
                )
                for psi, ct, place in zip(before, pulled, places, strict=True):
                    registers.store_pair(psi, tile_data, place)
                    registers.store_pair(ct, cotangent_data, place)
            wide = ir.VectorType(ir.DoubleType(), registers.lanes)
            for number, total in enumerate(totals):
                place = registers.skip(offset, number)
                value = builder.load(total)
                value = value if value.type == wide else builder.fpext(value, wide)
                old = registers.load(sums_data, place, wide)
                registers.store(builder.fadd(old, value), sums_data, place)

        _for_each_kind(builder, registers, kind, emit)
        return context.get_dummy_value()

    integer = types.intp
    arrays = (tile, cotangent, integer, table, sums)
    return types.void(integer, *arrays, integer, integer, integer), code


@intrinsic
def as_pointer(typing, address):
    """Turn an address into a pointer."""

    def code(context, builder, signature, args):
        return builder.inttoptr(args[0], cgutils.voidptr_t)

    return types.voidptr(types.intp), code
