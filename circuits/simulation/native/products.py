"""Gates on tiles: registers times the entries of a matrix, in one loop for each kind of gate."""

# numba hands the first argument of an intrinsic, the typing context, to it itself.
# pyright: reportCallIssue=false

from itertools import combinations

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from circuits.simulation.native.registers import Registers, array_data


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
    result = [number]
    for bit in (low_bit, high_bit)[:high]:
        result += [builder.or_(row, builder.shl(one, bit)) for row in result]
    return [registers.row(row) for row in result]


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
        registers = Registers(context, builder, tile.dtype)
        tile_data = array_data(context, builder, tile, tile_array)
        table_data = array_data(context, builder, table, table_array)

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
        registers = Registers(context, builder, tile.dtype)
        tile_data = array_data(context, builder, tile, tile_array)
        cotangent_data = array_data(context, builder, cotangent, cotangent_array)
        table_data = array_data(context, builder, table, table_array)
        sums_data = array_data(context, builder, sums, sums_array)

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
def apply_phases(typing, tile, offset, phases, start, distance, shared, is_complex, conjugate):
    """Multiply a row of a tile by phases, or by their conjugates.

    Real parts begin at `start`, imaginary ones at a distance behind them, if there are any; where
    they are shared, all lanes are multiplied by the first.
    """

    def code(context, builder, signature, args):
        tile_array, offset, phases_array, start, distance, shared, is_complex, conjugate = args
        registers = Registers(context, builder, tile.dtype)
        tile_data = array_data(context, builder, tile, tile_array)
        data = array_data(context, builder, phases, phases_array)
        pair = registers.pair(tile_data, offset)
        cosine = registers.load_or_spread(data, start, shared)
        with builder.if_else(is_complex) as (turning, scaling):
            with turning:
                sine = registers.load_or_spread(data, builder.add(start, distance), shared)
                sine = builder.select(conjugate, builder.fneg(sine), sine)
                registers.store_pair(
                    registers.add_product((cosine, sine), pair, None), tile_data, offset
                )
            with scaling:
                scaled = [builder.fmul(cosine, part) for part in pair]
                registers.store_pair(scaled, tile_data, offset)
        return context.get_dummy_value()

    integer, truth = types.intp, types.boolean
    given = (tile, integer, phases, integer, integer, truth, truth, truth)
    return types.void(*given), code
