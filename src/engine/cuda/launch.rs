//! Starting the kernels.
//!
//! Every launch goes to the stream of the tensors' device, behind what was started before. The
//! tensors that a kernel reads belong to that device; candle frees them on the same stream, hence
//! after the kernel.

// Kernels are started through pointers.
#![allow(unsafe_code)]

use candle_core::backend::BackendStorage;
use candle_core::cuda_backend::cudarc::driver::sys::{
    CUdevice_attribute::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN,
    CUfunction_attribute_enum::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
};
use candle_core::cuda_backend::cudarc::driver::{
    CudaFunction, CudaView, DeviceRepr, LaunchConfig, PushKernelArg,
};
use candle_core::cuda_backend::{CudaDType, WrapErr};
use candle_core::{CudaDevice, CudaStorage, Layout, Result};
use half::bf16;

use super::affine::{self, Affine};
use super::embed::{self, Embed};
use super::precision::Precision;
use super::recurrence::{self, Recurrence};
use super::{WINDOWS, tiles::SIDE};

/// Assembly of kernels/kernels.cu for the architecture that it was built for; the driver translates
/// it for the GPU.
const KERNELS: &str = include_str!(concat!(env!("OUT_DIR"), "/kernels.ptx"));
/// Threads of a warp.
const WARP: usize = 32;

type Operand<'a> = (&'a CudaStorage, &'a Layout);

/// `embed` in kernels.cu.
pub fn embed(
    op: &Embed,
    sizes: &embed::Sizes,
    codes: Operand<'_>,
    [table, bias]: [Operand<'_>; 2],
) -> Result<CudaStorage> {
    const THREADS: usize = 256;
    let device = codes.0.device().clone();
    let (codes, table, bias) = (view::<u8>(codes)?, view::<f32>(table)?, view::<f32>(bias)?);
    let count = sizes.rows * sizes.channels;
    let function = function(&device, "embed")?;
    // SAFETY: the kernel writes every value of `out`: one thread per row and channel.
    let mut out = unsafe { device.alloc::<f32>(count)? };
    let (rows, channels, width) = (sizes.rows as i64, sizes.channels as i32, sizes.width as i32);
    let (pool, rectified) = (op.pool as i32, i32::from(op.rectified));
    let stream = device.cuda_stream();
    let mut launch = stream.launch_builder(&function);
    launch.arg(&codes).arg(&table).arg(&bias).arg(&mut out);
    launch.arg(&rows).arg(&channels).arg(&width).arg(&pool).arg(&rectified);
    // SAFETY: the arguments are the kernel's, in number, order and type. `Embed::sizes` checked the
    // shapes: codes hold rows + width + pool - 2 values, the table width x 4 x channels.
    unsafe { launch.launch(config([count.div_ceil(THREADS), 1], THREADS, 0)) }.w()?;
    Ok(CudaStorage::wrap_cuda_slice(out, device))
}

/// `affine_*` in kernels.cu.
pub fn affine(
    op: &Affine,
    sizes: &affine::Sizes,
    operands: [Operand<'_>; 3],
) -> Result<CudaStorage> {
    /// Warps of a block; rows and columns of a warp (AFFINE_ROWS and AFFINE_COLUMNS tiles).
    const WARPS: usize = 4;
    const ROWS: usize = 2 * SIDE;
    const COLUMNS: usize = 4 * SIDE;
    let device = operands[0].0.device().clone();
    let [x, weight, bias] = operands;
    let (x, weight, bias) = (view::<f32>(x)?, view::<f32>(weight)?, view::<f32>(bias)?);
    let function = function(
        &device,
        match op.precision.convolutional() {
            Precision::F32 => "affine_f32",
            _ => "affine_tf32",
        },
    )?;
    // SAFETY: the kernel writes every value of `out`: the warps cover all rows, the groups all
    // columns.
    let mut out = unsafe { device.alloc::<f32>(sizes.rows * sizes.outputs)? };
    let (rows, inputs, outputs) = (sizes.rows as i64, sizes.inputs as i32, sizes.outputs as i32);
    let (taps, dilation) = (op.taps as i32, op.dilation as i32);
    let [shortcut, before, after] = [op.shortcut, op.rectify_in, op.rectify_out].map(i32::from);
    let stream = device.cuda_stream();
    let mut launch = stream.launch_builder(&function);
    launch.arg(&x).arg(&weight).arg(&bias).arg(&mut out).arg(&rows).arg(&inputs).arg(&outputs);
    launch.arg(&taps).arg(&dilation).arg(&shortcut).arg(&before).arg(&after);
    let blocks = [sizes.rows.div_ceil(ROWS * WARPS), sizes.outputs.div_ceil(COLUMNS)];
    // SAFETY: the arguments are the kernel's, in number, order and type. `Affine::sizes` checked
    // the shapes: x holds rows + (taps - 1) x dilation rows, at least 32 rows come out, and inputs
    // and outputs are multiples of 16, which also aligns every tile to 32 bytes.
    unsafe { launch.launch(config(blocks, WARPS * WARP, 0)) }.w()?;
    Ok(CudaStorage::wrap_cuda_slice(out, device))
}

/// `recurrence_*` in kernels.cu.
pub fn recurrence(
    op: &Recurrence,
    sizes: &recurrence::Sizes,
    operands: [Operand<'_>; 2],
) -> Result<CudaStorage> {
    match op.precision {
        Precision::F32 => recur::<f32>(op, sizes, operands, "recurrence_f32", 0),
        Precision::Tf32 => recur::<f32>(op, sizes, operands, "recurrence_tf32", 0),
        // A tile of f32 for each warp, to round it in.
        Precision::Bf16 => recur::<bf16>(op, sizes, operands, "recurrence_bf16", SIDE * SIDE * 4),
    }
}

fn recur<E: CudaDType + DeviceRepr>(
    op: &Recurrence,
    sizes: &recurrence::Sizes,
    [projected, weights]: [Operand<'_>; 2],
    name: &str,
    scratch_per_warp: usize,
) -> Result<CudaStorage> {
    let device = projected.0.device().clone();
    let (projected, weights) = (view::<f32>(projected)?, view::<E>(weights)?);
    let (units, warps, element) = (sizes.units, sizes.units / SIDE, size_of::<E>());
    let padding = 16 / element;
    let fixed = warps * scratch_per_warp + 2 * WINDOWS * (units + padding) * element;
    // As many layers of weights as fit stay in shared memory.
    let stream = device.cuda_stream();
    let context = stream.context();
    context.bind_to_thread().w()?;
    let most = context.attribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN).w()?;
    let depth = op.precision.recurrent_depth();
    let layer = depth * 4 * units * element;
    let resident = ((most as usize).saturating_sub(fixed) / layer).min(units / depth);
    let shared = fixed + resident * layer;
    let function = function(&device, name)?;
    function.set_attribute(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, shared as i32).w()?;
    // SAFETY: the kernel writes every value of `out`: each block its windows and direction, each
    // warp its units.
    let mut out = unsafe { device.alloc::<E>(sizes.windows * op.steps * 2 * units)? };
    let (steps, units, resident) = (op.steps as i32, units as i32, resident as i32);
    let mut launch = stream.launch_builder(&function);
    launch.arg(&projected).arg(&weights).arg(&mut out).arg(&steps).arg(&units).arg(&resident);
    let blocks = [sizes.windows / WINDOWS, 2];
    // SAFETY: the arguments are the kernel's, in number, order and type. `Recurrence::sizes`
    // checked the shapes: the windows are whole blocks, projected holds windows + 3 (steps - 1)
    // rows, and units are a multiple of 16 of at most 128, which gives one warp per 16 units and
    // aligns every tile to 32 bytes. `shared` is laid out as the kernel says.
    unsafe { launch.launch(config(blocks, warps * WARP, shared)) }.w()?;
    Ok(CudaStorage::wrap_cuda_slice(out, device))
}

fn function(device: &CudaDevice, name: &str) -> Result<CudaFunction> {
    Ok(device.get_or_load_custom_func(name, "polyascan", KERNELS)?.into_cuda_function())
}

/// Returns the values of a contiguous operand.
fn view<'a, E: CudaDType>((storage, layout): Operand<'a>) -> Result<CudaView<'a, E>> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(storage.as_cuda_slice::<E>()?.slice(start..end)),
        None => candle_core::bail!("operand is not contiguous"),
    }
}

fn config([x, y]: [usize; 2], threads: usize, shared: usize) -> LaunchConfig {
    LaunchConfig {
        grid_dim: (x as u32, y as u32, 1),
        block_dim: (threads as u32, 1, 1),
        shared_mem_bytes: shared as u32,
    }
}
