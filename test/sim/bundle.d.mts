export declare const root: string;
export declare const bundleSimulation: (options?: {
  readonly name?: string;
  readonly change?: { readonly file: string; readonly from: string; readonly to: string };
}) => Promise<string>;
