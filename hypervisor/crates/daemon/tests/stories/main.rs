//! Stories of real quetzalds and real QEMUs, in one program, so that one waits for its guest while another works. What of
//! them moves the host's own switches takes turns (`support::host_memory::Turn`), what measures is alone
//! (`support::slots`).
mod adoption;
mod cpu;
mod guest;
mod host_memory;
mod lifecycle;
mod memory;
mod odd_qemu;
mod paging;
mod refusals;
mod support;
mod watching;
