// Preloaded (`node --import`): no native addon can be loaded, and the platform is what PLATFORM says.
Object.defineProperty(process, 'platform', { value: process.env.PLATFORM });
process.dlopen = (_module, file) => {
  throw new Error(`a native part was loaded: ${file}`);
};
