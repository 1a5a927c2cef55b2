mod change;
mod list;
mod read;
mod register;
