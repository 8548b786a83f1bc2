import type { MiddlewareHandler } from 'hono';
import { secureHeaders } from 'hono/secure-headers';

/**
 * What browsers may do with our pages: run our own files only, and never inside another site's page. `clerkHost` is
 * where people sign in by Clerk, whose script draws its form in the page (https://clerk.com/docs/security/clerk-csp).
 */
export function securityHeaders(clerkHost: string | null = null): MiddlewareHandler {
  const clerk = clerkHost === null ? [] : [`https://${clerkHost}`];
  const robots = clerkHost === null ? [] : ['https://challenges.cloudflare.com'];
  const pages = secureHeaders({
    // Replies with bytes that others made bring a stricter policy along.
    overwrite: false,
    contentSecurityPolicy: {
      defaultSrc: ["'self'"],
      scriptSrc: ["'self'", ...clerk, ...robots],
      // Mantine sets its colours and sizes in style elements and attributes.
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", 'data:', 'blob:', ...(clerkHost === null ? [] : ['https://img.clerk.com'])],
      mediaSrc: ["'self'", 'blob:'],
      workerSrc: ["'self'", 'blob:'],
      connectSrc: ["'self'", ...clerk],
      ...(clerkHost === null ? {} : { frameSrc: robots }),
      objectSrc: ["'none'"],
      baseUri: ["'self'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
    },
    xFrameOptions: 'DENY',
    // The farm speaks plain HTTP; a proxy that adds TLS adds this too.
    strictTransportSecurity: false,
  });
  // What pages are made of runs by the policy of the page, and is no page itself: a hundredth of a first visit less.
  const files = secureHeaders({
    contentSecurityPolicy: { defaultSrc: ["'none'"] },
    crossOriginOpenerPolicy: false,
    originAgentCluster: false,
    referrerPolicy: false,
    strictTransportSecurity: false,
    xDnsPrefetchControl: false,
    xDownloadOptions: false,
    xFrameOptions: false,
    xPermittedCrossDomainPolicies: false,
    xXssProtection: false,
  });
  return (c, next) => (c.req.path.startsWith('/assets/') ? files : pages)(c, next);
}
